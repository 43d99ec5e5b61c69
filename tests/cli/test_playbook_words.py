"""A playbook in words."""

from engine.cli.playbook_words import parameter_in_words, steps_in_words
from engine.core.program import Parameter
from tests.rulefile.test_playbooks import FIX, OTHER, program


def test_every_kind_of_step_is_said() -> None:
    """With all that its file says of it, each in one line."""
    assert list(steps_in_words(program(FIX, OTHER).playbooks[0].steps)) == [
        "  1. grow: scale workload={{ $params.workload }} replicas={{ $params.replicas }}; "
        'verified by up{workload="{{ $params.workload }}"} == 1, within 1m, for 5s; '
        "has 1m; tried again up to 2 times; undone by rollback workload={{ $params.workload }}",
        "  2. wait until up == 1, within 1m",
        '  3. wait until probe_success{instance="{{ $params.wait }}"} == 1, within 1m, for 5s',
        "  4. wait for 30s",
        "  5. wait for people: 2 of ann, bob, dan, within 1h; else proceed",
        "  6. 2 branches; has 10m",
        "     at once:",
        "       1. page receiver=oncall",
        "     at once:",
        "       1. playbook other a={{ $params.workload }} b=5; verified by up == 1, within 1m",
        "       2. wait for 1s",
    ]


def test_a_parameter_is_said() -> None:
    """What it may be, and what it is for."""
    assert parameter_in_words(Parameter(name="a", pattern="[a-z]+", least=1, summary="what")) == (
        "a",
        "text, required, fits [a-z]+, 1 characters or more",
        "what",
    )
    wait = Parameter(name="w", type="duration", default="10s", most=60, choices=("10s", "1m"))
    assert parameter_in_words(wait)[1] == "duration, '10s' if not given, one of 10s 1m, 60 seconds or less"
