"""The harness of each actuator, by its name. Whoever adds an actuator adds a line."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pytest

from schemas.plugins import ActuatorSpec
from tests.actuators.conformance.harness import Case, Harness
from tests.actuators.conformance.on_exec import ExecHarness
from tests.actuators.conformance.on_http import HttpHarness
from tests.actuators.conformance.on_kubernetes import KubernetesHarness
from tests.actuators.conformance.on_page import PageHarness
from tests.actuators.conformance.on_process import ProcessHarness

HARNESSES: Mapping[str, type[Harness]] = {
    "exec": ExecHarness,
    "http": HttpHarness,
    "kubernetes": KubernetesHarness,
    "page": PageHarness,
    "process": ProcessHarness,
}


def built(name: str, folder: Path) -> Harness:
    """The harness of the actuator, in this folder."""
    return cast(Callable[[Path], Harness], HARNESSES[name])(folder)


def spec_of(name: str) -> ActuatorSpec:
    return HARNESSES[name].spec


def first_of_its_verb(spec: ActuatorSpec, case: Case) -> bool:
    """Whether it is the first case of the verb with and without a mark: enough where the verb is run by a service."""
    alike = [
        each for each in HARNESSES[spec.name].cases.values() if (each.verb, each.marked) == (case.verb, case.marked)
    ]
    return alike[0] is case


def cases(wanted: Callable[[ActuatorSpec, Case], bool] = lambda spec, case: True) -> pytest.MarkDecorator:
    """Parametrises a test by the actuator's name and each of its cases that is wanted."""
    return pytest.mark.parametrize(
        ("name", "case"),
        [
            pytest.param(name, case, id=f"{name}: {about}")
            for name, harness in HARNESSES.items()
            for about, case in harness.cases.items()
            if wanted(harness.spec, case)
        ],
    )
