"""The labels that every series of a replica bears."""

from collectors.series import Pairs
from schemas.workloads import ReplicaStatus


def replica_labels(replica: ReplicaStatus) -> Pairs:
    """`job` and `instance` as rules expect them; `workload` and `replica` as the actuator's verbs take them."""
    return (
        ("job", replica.workload),
        ("workload", replica.workload),
        ("replica", str(replica.replica)),
        ("instance", replica.instance),
    )
