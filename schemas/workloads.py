"""Workloads on one node: `workloads.yaml`, which declares them, and the status file, which says how they are.

The process actuator runs what the file declares and writes the status file; the workload collector reads it. That file
is all that the two know of each other.
"""

from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=63)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Health(_Model):
    """How a replica is asked whether it is well: HTTP GET, any 2xx within the time-out."""

    path: str = "/healthz"
    timeout_s: float = Field(default=2.0, gt=0)


class Version(_Model):
    """What to run. In `command` and `env`, `{port}`, `{replica}`, `{version}`, `{python}` and `{dir}` (the folder of
    the file) stand for their values; there is no shell.
    """

    command: list[str] = Field(min_length=1)
    env: dict[str, str] = {}


class Workload(_Model):
    """One workload. A change of `version` or `replicas` in the file is a deployment; the rest holds from the next start
    of a replica on. Each replica listens on a free loopback port, which the actuator chooses. `service` is what it is
    counted with where acts are bounded by service, by default itself alone.
    """

    versions: dict[Name, Version] = Field(min_length=1)
    version: Name
    replicas: int = Field(default=1, ge=0, le=1000)
    health: Health | None = None
    stop_timeout_s: float = Field(default=5.0, gt=0)
    protected: bool = False
    service: str = ""


class WorkloadsFile(_Model):
    """`workloads.yaml`."""

    workloads: dict[Name, Workload]


class ReplicaStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One replica as its actuator last saw it. `state` is what was last done to it, not whether it lives: a `running`
    replica whose process has died is exactly what a rule is there to notice.

    `pid` with `created_s` (start time of the process, seconds as psutil gives it) identifies the process; `starts`
    counts how often the replica was started.
    """

    workload: str
    replica: int
    instance: str
    version: str
    state: Literal["running", "isolated", "stopped"]
    generation: int
    starts: int
    pid: int
    created_s: float
    health_path: str | None = None
    health_timeout_s: float = 2.0


class WorkloadsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The status file (`workloads.status.json`), replaced atomically on every change. The replicas in rotation are
    those in state `running`.
    """

    scope: str
    replicas: tuple[ReplicaStatus, ...]
