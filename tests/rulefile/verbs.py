"""The verbs that the tests of rule files know."""

from engine.core.program import Verb

RESTART = Verb(
    name="restart",
    actuator="process",
    targets={"replica": ("workload", "replica"), "workload": ("workload",)},
    integers=("replica",),
    condition=("generation",),
)
SCALE = Verb(
    name="scale",
    actuator="process",
    targets={"workload": ("workload",)},
    required=("replicas",),
    integers=("replicas",),
)
ROLLBACK = Verb(
    name="rollback",
    actuator="process",
    targets={"workload": ("workload",)},
    absolute={"to": "previous_version"},
)
PAGE = Verb(
    name="page",
    actuator="page",
    targets={"receiver": ("receiver",)},
    optional=("message",),
    changes_target=False,
)
VERBS = {verb.name: verb for verb in (RESTART, SCALE, ROLLBACK, PAGE)}
