"""What metrics of all kinds are made of: labels, amounts and times, as kube-state-metrics and Kubernetes read them."""

import pytest

from collectors.kubernetes import parts
from collectors.kubernetes.parts import quantity, seconds
from tests.collectors.kubernetes.site import lines
from tests.collectors.kubernetes.whole import MADE

MADE_S = 1767225600


def test_labels_that_become_the_same_are_kept_apart() -> None:
    """Names are those that Prometheus takes, of small letters; a number tells apart what is alike then."""
    labels = {"app.io/partOf": "a", "app_io_part_of": "b", "x-y": "c", "x_y": "d", "x_y_conflict1": "e", "alone": "f"}
    (found,) = parts.labels("kube_pod_labels", (), {"metadata": {"labels": labels}}, ("*",))
    assert dict(found[1]) == {
        "label_app_io_part_of_conflict1": "a",
        "label_app_io_part_of_conflict2": "b",
        "label_x_y_conflict2": "c",
        "label_x_y_conflict3": "d",
        "label_x_y_conflict1": "e",
        "label_alone": "f",
    }


@pytest.mark.parametrize(
    ("resource", "amount", "told"),
    [
        ("cpu", "1500m", "resource=cpu,unit=core 1.5"),
        ("memory", "1500m", "resource=memory,unit=byte 2.0"),
        ("ephemeral-storage", "1k", "resource=ephemeral_storage,unit=byte 1000.0"),
        ("attachable-volumes-csi", "5", "resource=attachable_volumes_csi,unit=byte 5.0"),
        ("example.org/chip", "3", "resource=example_org_chip,unit=integer 3.0"),
        ("scheduling.kubernetes.io/foo", "3", None),
        ("whatever", "3", None),
    ],
)
def test_amounts_have_the_units_of_their_resources(resource: str, amount: str, told: str | None) -> None:
    """Bytes are whole, extended resources are counted, and what Kubernetes alone knows is left out."""
    found = lines(parts.quantities("x", (), {resource: amount}))
    assert [each.replace("x{", "").replace("}", "") + f" {value}" for each, value in found.items()] == (
        [told] if told else []
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("250m", 0.25), ("1.5", 1.5), ("2Gi", 2**31), ("1Ki", 1024), ("5k", 5000), ("3E", 3e18),
        ("1Ei", 2**60),
        ("1e3", 1000), ("12E2", 1200), (4, 4), ("100n", 1e-7), ("-1", -1), ("", None), ("1 Gi", None), ("many", None),
    ],
)  # fmt: skip
def test_a_quantity_is_read_as_kubernetes_reads_it(text: object, value: float | None) -> None:
    """Decimal and binary suffixes, and exponents."""
    assert quantity(text) == (value if value is None else pytest.approx(value))


def test_a_time_that_is_none_is_left_out() -> None:
    """As one that is missing is."""
    assert [seconds(each) for each in (None, "", "soon", MADE)] == [None, None, None, MADE_S]
