"""Objects of the API to series, under kube-state-metrics' names. Values in, values out."""

from typing import Any

import pytest

from collectors.kubernetes.cluster import RENDERED
from collectors.kubernetes.resources import MEASURED
from tests.collectors.kubernetes.site import lines

MADE = "2026-01-01T00:00:00Z"
MADE_S = 1767225600
WEB = "namespace=shop,pod=web-1,uid=u1"
POD: dict[str, Any] = {
    "metadata": {
        "namespace": "shop",
        "name": "web-1",
        "uid": "u1",
        "creationTimestamp": MADE,
        "labels": {"app.kubernetes.io/name": "web", "secret": "not this"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web-77", "controller": True}],
    },
    "spec": {
        "nodeName": "n1",
        "containers": [
            {
                "name": "main",
                "image": "shop/web",
                "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"nvidia.com/gpu": "2"}},
            }
        ],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "conditions": [
            {"type": "Ready", "status": "False"},
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": MADE},
        ],
        "containerStatuses": [
            {
                "name": "main",
                "image": "web:1",
                "ready": False,
                "restartCount": 7,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": MADE}},
            }
        ],
    },
}


def rendered(plural: str, found: dict[str, Any], *allowed: str) -> dict[str, float]:
    return lines(RENDERED[plural](found, allowed))


def about(name: str, **more: Any) -> dict[str, Any]:
    meta = {"namespace": "shop", "name": name, "uid": "u", "generation": 3, "creationTimestamp": MADE}
    return {"metadata": meta, **more}


def test_every_collection_that_is_followed_has_metrics() -> None:
    """And nothing else has."""
    assert list(RENDERED) == list(MEASURED)


def test_a_pod_that_crashes_in_a_loop_says_so() -> None:
    """By phase, container, reason, restarts and how it ended last, with what it belongs to and asks for."""
    found = rendered("pods", POD, "app.kubernetes.io/name")
    container = f"{WEB},container=main"
    assert {each: found[each] for each in found if "phase" in each} == {
        f"kube_pod_status_phase{{{WEB},phase={phase}}}": float(phase == "Running")
        for phase in ("Pending", "Succeeded", "Failed", "Unknown", "Running")
    }
    info = (
        f"kube_pod_info{{{WEB},pod_ip=10.0.0.1,node=n1,created_by_kind=ReplicaSet,created_by_name=web-77,host_network="
    )
    expected = {
        f"{info}false}}": 1,
        f"kube_pod_owner{{{WEB},owner_kind=ReplicaSet,owner_name=web-77,owner_is_controller=true}}": 1,
        f"kube_pod_labels{{{WEB},label_app_kubernetes_io_name=web}}": 1,
        f"kube_pod_created{{{WEB}}}": MADE_S,
        f"kube_pod_status_ready{{{WEB},condition=false}}": 1,
        f"kube_pod_status_ready{{{WEB},condition=true}}": 0,
        f"kube_pod_status_scheduled_time{{{WEB}}}": MADE_S,
        f"kube_pod_container_info{{{container},image_spec=shop/web,image=web:1}}": 1,
        f"kube_pod_container_status_restarts_total{{{container}}}": 7,
        f"kube_pod_container_status_waiting{{{container}}}": 1,
        f"kube_pod_container_status_running{{{container}}}": 0,
        f"kube_pod_container_status_waiting_reason{{{container},reason=CrashLoopBackOff}}": 1,
        f"kube_pod_container_status_last_terminated_reason{{{container},reason=OOMKilled}}": 1,
        f"kube_pod_container_status_last_terminated_exitcode{{{container}}}": 137,
        f"kube_pod_container_status_last_terminated_timestamp{{{container}}}": MADE_S,
        f"kube_pod_container_resource_requests{{{container},node=n1,resource=cpu,unit=core}}": 0.25,
        f"kube_pod_container_resource_requests{{{container},node=n1,resource=memory,unit=byte}}": 2**30,
        f"kube_pod_container_resource_limits{{{container},node=n1,resource=nvidia_com_gpu,unit=integer}}": 2,
    }
    assert expected.items() <= found.items()


def test_labels_are_told_only_as_allowed() -> None:
    """None without leave, for they may be secret and are without bound."""
    assert not [each for each in rendered("pods", POD) if "kube_pod_labels" in each]
    assert f"kube_pod_labels{{{WEB},label_app_kubernetes_io_name=web,label_secret=not this}}" in rendered(
        "pods", POD, "*"
    )


def test_a_pod_says_for_which_reason_it_is_as_it_is() -> None:
    """Whether the pod says so, one of its conditions, or a container that has ended."""
    ended = [{"name": "main", "state": {"terminated": {"reason": "Shutdown"}}}]
    status = {"reason": "Evicted", "conditions": [{"type": "Ready", "reason": "NodeLost"}], "containerStatuses": ended}
    found = rendered("pods", about("p", status=status))
    told = {each.rpartition("=")[2].rstrip("}"): value for each, value in found.items() if "_status_reason" in each}
    assert told == {"Evicted": 1, "NodeAffinity": 0, "NodeLost": 1, "Shutdown": 1, "UnexpectedAdmissionError": 0}


def test_a_pod_without_a_phase_has_none() -> None:
    """Not every phase as 0: nothing is known yet."""
    assert not [each for each in rendered("pods", about("p")) if "phase" in each]


def test_a_container_that_has_ended_and_one_before_the_others() -> None:
    """When it began is known of it, too, and why it waits even where no reason is given; an init container says what it
    asks for and whether it goes on beside the others."""
    spec = {"initContainers": [{"name": "mesh", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}}]}
    status = {
        "containerStatuses": [{"name": "main", "state": {"terminated": {"startedAt": MADE, "exitCode": 1}}}],
        "initContainerStatuses": [{"name": "mesh", "state": {"waiting": {}}}],
    }
    found = rendered("pods", about("p", spec=spec, status=status))
    main, mesh = (f"namespace=shop,pod=p,uid=u,container={name}" for name in ("main", "mesh"))
    expected = {
        f"kube_pod_container_state_started{{{main}}}": MADE_S,
        f"kube_pod_container_status_terminated_reason{{{main}}}": 1,
        f"kube_pod_init_container_info{{{mesh},restart_policy=Always}}": 1,
        f"kube_pod_init_container_status_waiting_reason{{{mesh}}}": 1,
        f"kube_pod_init_container_resource_requests{{{mesh},resource=cpu,unit=core}}": 1,
    }
    assert expected.items() <= found.items()


@pytest.mark.parametrize("reason", ["Unschedulable", "SchedulingGated"])
def test_a_pod_that_no_node_takes_says_so(reason: str) -> None:
    """As one of which only the scheduler has said something."""
    scheduled = {"type": "PodScheduled", "status": "False", "reason": reason}
    found = rendered("pods", about("p", status={"phase": "Pending", "conditions": [scheduled]}))
    assert found["kube_pod_status_unschedulable{namespace=shop,pod=p,uid=u}"] == 1
    assert found["kube_pod_owner{namespace=shop,pod=p,uid=u}"] == 1


def test_a_deployment_says_what_it_should_have_and_has() -> None:
    """Counts that the API leaves out are 0."""
    status = {
        "observedGeneration": 2,
        "replicas": 4,
        "availableReplicas": 3,
        "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}],
    }
    found = rendered("deployments", about("web", spec={"replicas": 4, "paused": True}, status=status))
    web, available = "namespace=shop,deployment=web", "condition=Available,reason=MinimumReplicasAvailable"
    assert found == {
        f"kube_deployment_created{{{web}}}": MADE_S,
        f"kube_deployment_metadata_generation{{{web}}}": 3,
        f"kube_deployment_status_observed_generation{{{web}}}": 2,
        f"kube_deployment_spec_replicas{{{web}}}": 4,
        f"kube_deployment_spec_paused{{{web}}}": 1,
        f"kube_deployment_status_replicas{{{web}}}": 4,
        f"kube_deployment_status_replicas_ready{{{web}}}": 0,
        f"kube_deployment_status_replicas_available{{{web}}}": 3,
        f"kube_deployment_status_replicas_unavailable{{{web}}}": 0,
        f"kube_deployment_status_replicas_updated{{{web}}}": 0,
        f"kube_deployment_status_condition{{{web},{available},status=true}}": 1,
        f"kube_deployment_status_condition{{{web},{available},status=false}}": 0,
        f"kube_deployment_status_condition{{{web},{available},status=unknown}}": 0,
    }


@pytest.mark.parametrize(
    ("reason", "told"),
    [("ProgressDeadlineExceeded", ",reason=ProgressDeadlineExceeded"), ("Whim", ",reason=unknown"), (None, "")],
)
def test_a_condition_of_a_deployment_has_a_reason_of_those_that_are_known(reason: str | None, told: str) -> None:
    """Of which there are few: whatever else an object says is no series of its own."""
    status = {"conditions": [{"type": "Progressing", "status": "False", "reason": reason}]}
    found = rendered("deployments", about("web", status=status))
    web = "namespace=shop,deployment=web,condition=Progressing"
    assert found[f"kube_deployment_status_condition{{{web}{told},status=false}}"] == 1


def test_a_deployment_that_was_just_made_says_so() -> None:
    """Its controller has seen no generation of it yet, and it has nothing."""
    found = rendered("deployments", about("web", spec={"replicas": 2}, status={}))
    assert found["kube_deployment_status_observed_generation{namespace=shop,deployment=web}"] == 0
    assert found["kube_deployment_status_replicas_available{namespace=shop,deployment=web}"] == 0
    assert not [each for each in found if "terminating" in each]


def test_the_other_workloads_do_so_too() -> None:
    """Each under its own names."""
    revisions = {"currentRevision": "db-1", "updateRevision": "db-2", "readyReplicas": 1}
    stateful = rendered("statefulsets", about("db", spec={"replicas": 2}, status=revisions))
    db = "namespace=shop,statefulset=db"
    assert stateful[f"kube_statefulset_replicas{{{db}}}"] == 2
    assert stateful[f"kube_statefulset_status_replicas_ready{{{db}}}"] == 1
    assert stateful[f"kube_statefulset_status_current_revision{{{db},revision=db-1}}"] == 1
    assert stateful[f"kube_statefulset_status_update_revision{{{db},revision=db-2}}"] == 1
    daemon = rendered("daemonsets", about("agent", status={"desiredNumberScheduled": 3, "numberReady": 2}))
    assert daemon["kube_daemonset_status_desired_number_scheduled{namespace=shop,daemonset=agent}"] == 3
    assert daemon["kube_daemonset_status_number_ready{namespace=shop,daemonset=agent}"] == 2
    assert daemon["kube_daemonset_status_number_unavailable{namespace=shop,daemonset=agent}"] == 0
    replicas = rendered("replicasets", about("web-77", spec={"replicas": 0}))
    assert replicas["kube_replicaset_spec_replicas{namespace=shop,replicaset=web-77}"] == 0


def test_a_node_says_how_it_is_and_what_it_has() -> None:
    """Conditions, whether it takes pods, roles, and amounts in their units."""
    meta = {"name": "n1", "uid": "u", "labels": {"node-role.kubernetes.io/control-plane": ""}}
    status = {
        "conditions": [{"type": "Ready", "status": "Unknown"}],
        "capacity": {"cpu": "3800m", "memory": "7Gi", "pods": "110", "hugepages-2Mi": "0"},
        "addresses": [{"type": "InternalIP", "address": "10.1.0.1"}],
    }
    spec = {"unschedulable": True, "taints": [{"key": "away", "effect": "NoSchedule"}]}
    found = rendered("nodes", {"metadata": meta, "spec": spec, "status": status})
    expected = {
        "kube_node_info{node=n1,internal_ip=10.1.0.1}": 1,
        "kube_node_role{node=n1,role=control-plane}": 1,
        "kube_node_spec_unschedulable{node=n1}": 1,
        "kube_node_spec_taint{node=n1,key=away,effect=NoSchedule}": 1,
        "kube_node_status_condition{node=n1,condition=Ready,status=true}": 0,
        "kube_node_status_condition{node=n1,condition=Ready,status=unknown}": 1,
        "kube_node_status_capacity{node=n1,resource=cpu,unit=core}": 3.8,
        "kube_node_status_capacity{node=n1,resource=memory,unit=byte}": 7 * 2**30,
        "kube_node_status_capacity{node=n1,resource=pods,unit=integer}": 110,
        "kube_node_status_capacity{node=n1,resource=hugepages_2Mi,unit=byte}": 0,
    }
    assert expected.items() <= found.items()


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        ({}, {"": 0}),
        ({"failed": 2}, {"": 2}),
        (
            {"failed": 2, "conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]},
            {",reason=BackoffLimitExceeded": 0, ",reason=DeadlineExceeded": 1, ",reason=Evicted": 0},
        ),
        (
            {"failed": 2, "conditions": [{"type": "Failed", "status": "True", "reason": "Other"}]},
            {"": 2, ",reason=BackoffLimitExceeded": 0, ",reason=DeadlineExceeded": 0, ",reason=Evicted": 0},
        ),
        ({"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]}, {"": 0}),
    ],
)
def test_a_job_says_how_it_has_failed(status: dict[str, Any], failed: dict[str, float]) -> None:
    """How often, and once it has given up why; for another reason than those that have a name, how often again."""
    found = rendered("jobs", about("backup", status=status))
    job = "namespace=shop,job_name=backup"
    expected = {f"kube_job_status_failed{{{job}{reason}}}": value for reason, value in failed.items()}
    assert {each: value for each, value in found.items() if "status_failed" in each} == expected
    assert (f"kube_job_failed{{{job},condition=true}}" in found) is ("conditions" in status)


def test_cron_jobs_autoscalers_and_budgets_have_theirs() -> None:
    """Under their own names."""
    status = {"active": [{}, {}], "lastScheduleTime": MADE}
    cron = rendered("cronjobs", about("tidy", spec={"schedule": "@daily", "suspend": False}, status=status))
    assert cron["kube_cronjob_info{namespace=shop,cronjob=tidy,schedule=@daily}"] == 1
    assert cron["kube_cronjob_status_active{namespace=shop,cronjob=tidy}"] == 2
    assert cron["kube_cronjob_status_last_schedule_time{namespace=shop,cronjob=tidy}"] == MADE_S
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 9}
    limited = {"type": "ScalingLimited", "status": "True"}
    counts = {"currentReplicas": 9, "desiredReplicas": 9, "conditions": [limited]}
    scaler = rendered("horizontalpodautoscalers", about("web", spec=spec, status=counts))
    web = "namespace=shop,horizontalpodautoscaler=web"
    assert scaler[f"kube_horizontalpodautoscaler_spec_max_replicas{{{web}}}"] == 9
    assert scaler[f"kube_horizontalpodautoscaler_status_desired_replicas{{{web}}}"] == 9
    assert scaler[f"kube_horizontalpodautoscaler_status_condition{{{web},condition=ScalingLimited,status=true}}"] == 1
    budget = rendered("poddisruptionbudgets", about("web", status={"currentHealthy": 3, "desiredHealthy": 2}))
    assert budget["kube_poddisruptionbudget_status_current_healthy{namespace=shop,poddisruptionbudget=web}"] == 3
    assert (
        budget["kube_poddisruptionbudget_status_pod_disruptions_allowed{namespace=shop,poddisruptionbudget=web}"] == 0
    )
