"""Jobs and CronJobs under kube-state-metrics' names. Pure."""

from collections.abc import Iterator, Sequence

from collectors.kubernetes import parts
from collectors.series import Metric, Pairs
from schemas.kubernetes import Object

_REASONS = ("BackoffLimitExceeded", "DeadlineExceeded", "Evicted")
_FINISHED = {"Complete": "kube_job_complete", "Failed": "kube_job_failed"}


def job(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    pairs, spec, status = parts.reference(found, "job_name"), found.get("spec") or {}, found.get("status") or {}
    yield "kube_job_info", pairs, 1.0
    yield from parts.moment("kube_job_created", pairs, found["metadata"].get("creationTimestamp"))
    yield from parts.labels("kube_job_labels", pairs, found, allowed)
    yield from parts.owners("kube_job_owner", pairs, found)
    yield from parts.count("kube_job_spec_parallelism", pairs, spec.get("parallelism"))
    yield from parts.count("kube_job_spec_completions", pairs, spec.get("completions"))
    yield from parts.count("kube_job_spec_active_deadline_seconds", pairs, spec.get("activeDeadlineSeconds"))
    yield from parts.counts(pairs, status, {f"kube_job_status_{name}": name for name in ("active", "succeeded")})
    yield from _failed(pairs, status)
    yield from parts.moment("kube_job_status_start_time", pairs, status.get("startTime"))
    yield from parts.moment("kube_job_status_completion_time", pairs, status.get("completionTime"))
    for each in status.get("conditions") or ():
        if each.get("type") in _FINISHED:
            yield from parts.condition(_FINISHED[each["type"]], pairs, str(each.get("status", "")))


def _failed(pairs: Pairs, status: Object) -> Iterator[Metric]:
    """How many pods have failed, or once the job has given up for which reason; if for none of those, then how many."""
    name, failed = "kube_job_status_failed", float(status.get("failed") or 0)
    given_up = [each.get("reason") for each in status.get("conditions") or () if each.get("type") == "Failed"]
    if failed and given_up:
        yield from parts.one_of(name, pairs, "reason", _REASONS, str(given_up[0]))
    if not failed or not given_up or given_up[0] not in _REASONS:
        yield name, pairs, failed


def cron_job(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    pairs, spec, status = parts.reference(found, "cronjob"), found.get("spec") or {}, found.get("status") or {}
    about = {"schedule": spec.get("schedule"), "concurrency_policy": spec.get("concurrencyPolicy")}
    yield "kube_cronjob_info", (*pairs, *parts.said(about)), 1.0
    yield from parts.moment("kube_cronjob_created", pairs, found["metadata"].get("creationTimestamp"))
    yield from parts.labels("kube_cronjob_labels", pairs, found, allowed)
    yield "kube_cronjob_spec_suspend", pairs, float(bool(spec.get("suspend")))
    yield "kube_cronjob_status_active", pairs, float(len(status.get("active") or ()))
    yield from parts.moment("kube_cronjob_status_last_schedule_time", pairs, status.get("lastScheduleTime"))
    yield from parts.moment("kube_cronjob_status_last_successful_time", pairs, status.get("lastSuccessfulTime"))
