"""A playbook in words, as `reflexarc playbook show` prints it: nothing here asks or prints."""

from collections.abc import Iterator, Sequence

from engine.core.policy import Approval
from engine.core.program import Parameter, Step, Verify
from schemas.durations import duration


def parameter_in_words(parameter: Parameter) -> tuple[str, str, str]:
    """Its name, what it may be, and what it is for."""
    return parameter.name, ", ".join(_kind(parameter)), parameter.summary


def _kind(parameter: Parameter) -> Iterator[str]:
    yield parameter.type
    yield "required" if parameter.default is None else f"{parameter.default!r} if not given"
    if parameter.choices:
        yield f"one of {' '.join(parameter.choices)}"
    if parameter.pattern:
        yield f"fits {parameter.pattern}"
    of = {"text": " characters", "duration": " seconds"}.get(parameter.type, "")
    if parameter.least is not None:
        yield f"{parameter.least:g}{of} or more"
    if parameter.most is not None:
        yield f"{parameter.most:g}{of} or less"


def steps_in_words(steps: Sequence[Step], indent: str = "  ") -> Iterator[str]:
    """A line for each step, those of branches below theirs."""
    for nth, step in enumerate(steps, start=1):
        yield f"{indent}{nth}. {_step(step)}"
        for branch in step.branches:
            yield f"{indent}   at once:"
            yield from steps_in_words(branch, f"{indent}     ")


def _step(step: Step) -> str:
    return "; ".join([_does(step), *_more(step)])


def _does(step: Step) -> str:
    named = f"{step.name}: " if step.name and step.kind != "playbook" else ""
    match step.kind:
        case "act":
            return named + _act(step)
        case "playbook":
            return _act(step).replace("playbook", f"playbook {step.name}", 1)
        case "parallel":
            return f"{named}{len(step.branches)} branches"
        case "gate":
            return f"{named}wait until" + (f" {step.verify.expr}{_within(step.verify)}" if step.verify else "")
        case "pause":
            return f"{named}wait for {duration(step.pause_ms)}"
        case "approval":
            return f"{named}wait for people" + (_asked(step.approval) if step.approval else "")


def _act(step: Step) -> str:
    return " ".join([step.verb, *(f"{name}={value}" for name, value in step.args.items())])


def _more(step: Step) -> Iterator[str]:
    if step.verify and step.kind != "gate":
        yield f"verified by {step.verify.expr}{_within(step.verify)}"
    if step.timeout_ms:
        yield f"has {duration(step.timeout_ms)}"
    if step.retries:
        yield f"tried again up to {step.retries} times"
    if step.compensate:
        yield f"undone by {_act(step.compensate)}"


def _within(verify: Verify) -> str:
    held = f", for {duration(verify.hold_ms)}" if verify.hold_ms else ""
    return f", within {duration(verify.within_ms)}{held}"


def _asked(approval: Approval) -> str:
    within = f", within {duration(approval.deadline_ms)}" if approval.deadline_ms else ""
    return f": {approval.count} of {', '.join(approval.by) or 'anybody'}{within}; else {approval.lapse}"
