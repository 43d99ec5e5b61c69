"""Loading is fast enough for a reload on every save."""

from time import process_time

from engine.rulefile import load
from tests.rulefile.verbs import VERBS


def test_a_thousand_rules_load_within_two_seconds() -> None:
    """A thousand rules with labels, annotations and templates cost less than two seconds of processor time."""
    rule = """
  - alert: Rule{n}
    expr: sum by (instance) (rate(requests_total{{code="{n}"}}[5m])) > {n}
    for: 5m
    labels: {{severity: page}}
    annotations: {{summary: "{{{{ $labels.instance }}}}: {{{{ $value | humanize }}}} of {n}"}}"""
    text = "groups:\n- name: many\n  rules:" + "".join(rule.format(n=n) for n in range(1000))
    began_s = process_time()
    assert len(load({"many.yaml": text}, VERBS).alerts) == 1000
    assert process_time() - began_s < 2
