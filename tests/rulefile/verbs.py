"""The verbs that the tests of rule files know."""

from engine.core.verbs import Verb, verbs_by_name

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
    disrupts="fewer",
    undo="scale",
    undo_args={"replicas": "replicas"},
)
ROLLBACK = Verb(
    name="rollback",
    actuator="process",
    targets={"workload": ("workload",)},
    absolute={"to": "previous_version"},
    undo="rollback",
    undo_args={"to": "version"},
)
PAGE = Verb(
    name="page",
    actuator="page",
    targets={"receiver": ("receiver",)},
    optional=("message",),
    changes_target=False,
)
COLLECT = Verb(
    name="collect",
    actuator="process",
    targets={"workload": ("workload",), "node": ("node",)},
    optional=("evidence", "events"),
    lists=("evidence", "events"),
    from_alert=("events",),
    by_default={"node": "{{ $labels.node }}"},
    changes_target=False,
    looks=True,
)
ISOLATE = Verb(
    name="isolate",
    actuator="process",
    targets={"workload": ("workload",)},
    condition=("generation",),
    undo="release",
)
RELEASE = Verb(
    name="release",
    actuator="process",
    targets={"isolation": ("workload",)},
    condition=("generation",),
)
VERBS = verbs_by_name((RESTART, SCALE, ROLLBACK, PAGE, COLLECT, ISOLATE, RELEASE))
