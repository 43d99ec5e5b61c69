"""Guardrails that look at the ladder and its target only, before there is a command."""

from engine.core.guardrails.hold import Hold
from engine.core.policy import among
from engine.core.remediation import Ladder, cooldown_key
from engine.core.turn import Turn
from schemas.reasons import Reason


def halted(turn: Turn, ladder: Ladder) -> Hold | None:
    """A person said so, of everything, of the rule, or of what would be changed."""
    halt = turn.state.halt_on(ladder)
    return Hold(Reason.HALTED, f"by {halt.by}" + (f": {halt.why}" if halt.why else "")) if halt else None


def emergency(turn: Turn, ladder: Ladder) -> Hold | None:
    """Only people and the rules that are listed for it act in an emergency."""
    declared, policy = turn.state.emergency, turn.state.program.policy
    if declared is None or ladder.origin.kind == "control" or ladder.by:
        return None
    named = (ladder.rule.name, ladder.outermost.origin.name.rpartition("/")[2])
    if policy.emergency and any(among(policy.emergency, name) for name in named):
        return None
    detail = f"by {declared.by}" + (f": {declared.why}" if declared.why else "")
    return Hold(Reason.EMERGENCY, detail, source=policy.source("emergency"))


def settling(turn: Turn, ladder: Ladder) -> Hold | None:
    """A person may act while the rules' knowledge is stale: only what rules decide waits."""
    until_ms = turn.state.settle_until_ms
    if turn.now_ms >= until_ms or ladder.outermost.origin.kind != "rule":
        return None
    return Hold(Reason.SETTLING, until_ms=until_ms)


def isolated(turn: Turn, ladder: Ladder) -> Hold | None:
    """What is isolated stands still as evidence: only its release, whose target is the isolation itself, acts on it."""
    for owned in turn.state.targets.get(ladder.target, ()):
        if owned.target.attributes.get("isolated") in (True, "true"):  # In a unit test's inventory everything is text.
            return Hold(Reason.ISOLATED)
    return None


def cooling(turn: Turn, ladder: Ladder) -> Hold | None:
    """One ladder of a rule at a time on a target, and `cooldown` between two of them; never within one."""
    whole = ladder.outermost
    if whole.origin.kind != "rule" or ladder.target in ladder.acted_on:
        return None
    key = cooldown_key(ladder, ladder.target)
    worker = turn.state.at_work.get(key)
    if worker == whole.id:
        return None
    if worker:
        return Hold(Reason.COOLDOWN, "another ladder of this rule is at work on the target", source=ladder.rule.source)
    until_ms = turn.state.cooldowns.get(key, 0)
    if turn.now_ms >= until_ms:
        return None
    return Hold(Reason.COOLDOWN, until_ms=until_ms, source=ladder.rule.source)
