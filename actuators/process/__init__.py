"""Actuator `process`: runs the workloads of `workloads.yaml` on this node, and restarts, scales, deploys, rolls back,
isolates and releases them on command; and collects evidence of them and of the node.

Read top-down: `actuator` (the host's side), `fleet` (the file's side), `workload` (one act at a time, each once),
`verbs` and the pure `changes` (what an act means), `rotation` (the single steps), `launch` and `processes` (the
machine). `collector` and `sources` look and change nothing. Started processes survive the actuator and are
adopted by the next one.

A service manager that runs it must end the actuator only, not its children (systemd: `KillMode=process`). A kill of
the actuator at any instant loses or repeats nothing; of a power loss the workloads' deaths are noticed like any other.
"""

from actuators.process.actuator import ProcessConfig, build
from actuators.process.verbs import VERBS
from schemas.plugins import ActuatorSpec

EXAMPLE = """\
process:
  workloads: deploy/example/workloads.yaml
  evidence:
    auth_log: /var/log/auth.log
"""

SPEC = ActuatorSpec(
    name="process",
    summary="Runs processes on this node, as declared in workloads.yaml.",
    config=ProcessConfig,
    verbs=VERBS,
    build=build,
    example=EXAMPLE,
)
