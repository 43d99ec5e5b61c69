"""Every reason for something done or not done, by name.

A reason is a word for a person: `why` prints it with its meaning, responders filter on it, and tests compare it. What
is specific to the case goes into `detail` beside it.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A named reason; its meaning is in `MEANING`."""

    # Why a ladder went on.
    ALERT_FIRED = "ALERT_FIRED"
    STEP_FAILED = "STEP_FAILED"
    VERIFY_FAILED = "VERIFY_FAILED"
    REFIRED = "REFIRED"
    APPROVED = "APPROVED"
    REQUESTED = "REQUESTED"
    DECIDED_ANEW = "DECIDED_ANEW"
    REVERT_DUE = "REVERT_DUE"

    # Why an alert changed.
    CONDITION_MET = "CONDITION_MET"
    HELD_FOR_DURATION = "HELD_FOR_DURATION"
    CONDITION_CLEARED = "CONDITION_CLEARED"
    RULE_REMOVED = "RULE_REMOVED"
    EVENT_MATCHED = "EVENT_MATCHED"
    EVICTED = "EVICTED"

    # Why nothing was sent, or not yet.
    SHADOW = "SHADOW"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    APPROVAL_DENIED = "APPROVAL_DENIED"
    APPROVAL_LAPSED = "APPROVAL_LAPSED"
    COOLDOWN = "COOLDOWN"
    HALTED = "HALTED"
    SETTLING = "SETTLING"
    ISOLATED = "ISOLATED"
    RESOLVED_BEFORE_ACT = "RESOLVED_BEFORE_ACT"
    UNKNOWN_TARGET = "UNKNOWN_TARGET"
    UNKNOWN_VERB = "UNKNOWN_VERB"
    PROTECTED = "PROTECTED"
    OTHER_NODE = "OTHER_NODE"
    EMERGENCY = "EMERGENCY"
    FLAPPING = "FLAPPING"
    VERB_NOT_ALLOWED = "VERB_NOT_ALLOWED"
    STALE_EVIDENCE = "STALE_EVIDENCE"
    MAINTENANCE = "MAINTENANCE"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    RATE_LIMIT = "RATE_LIMIT"
    CONCURRENCY = "CONCURRENCY"
    BLAST_RADIUS = "BLAST_RADIUS"
    LAST_HEALTHY = "LAST_HEALTHY"
    NOT_AN_APPROVER = "NOT_AN_APPROVER"
    NOT_WAITING = "NOT_WAITING"
    UNKNOWN_RUN = "UNKNOWN_RUN"
    NO_EMERGENCY = "NO_EMERGENCY"
    BAD_ARGUMENTS = "BAD_ARGUMENTS"
    NOTHING_TO_DO = "NOTHING_TO_DO"

    # Why a rule has not begun, or has not come to its end yet: what `why-not` says where nothing refused it.
    UNKNOWN_RULE = "UNKNOWN_RULE"
    NOT_ITS_TARGET = "NOT_ITS_TARGET"
    ALERT_INACTIVE = "ALERT_INACTIVE"
    ALERT_PENDING = "ALERT_PENDING"
    LADDER_OVER = "LADDER_OVER"
    NOT_ASKED_FOR = "NOT_ASKED_FOR"
    NOT_EVALUATED = "NOT_EVALUATED"
    COMMAND_UNDER_WAY = "COMMAND_UNDER_WAY"
    VERIFYING = "VERIFYING"
    WAITING_FOR_TIME = "WAITING_FOR_TIME"
    WAITING_FOR_OTHERS = "WAITING_FOR_OTHERS"
    NOTHING_OBJECTS = "NOTHING_OBJECTS"

    # What a scaling rule decided, and why.
    OFF_TARGET = "OFF_TARGET"
    ABOVE_MAX = "ABOVE_MAX"
    BELOW_MIN = "BELOW_MIN"
    WITHIN_TOLERANCE = "WITHIN_TOLERANCE"
    STABILIZING = "STABILIZING"
    RATE_LIMITED = "RATE_LIMITED"
    DIRECTION_DISABLED = "DIRECTION_DISABLED"
    AT_MAX = "AT_MAX"
    AT_MIN = "AT_MIN"
    NO_DATA = "NO_DATA"
    PARTIAL_DATA = "PARTIAL_DATA"
    STALE_INVENTORY = "STALE_INVENTORY"
    SCALED_TO_ZERO = "SCALED_TO_ZERO"
    NO_LONGER_WANTED = "NO_LONGER_WANTED"

    # Why an actuator answered as it did.
    DEADLINE_PASSED = "DEADLINE_PASSED"
    CONDITION_CHANGED = "CONDITION_CHANGED"
    FENCED = "FENCED"
    SUPERSEDED = "SUPERSEDED"
    LEASE_LAPSED = "LEASE_LAPSED"
    EFFECT_FAILED = "EFFECT_FAILED"
    NOT_AUTHORIZED = "NOT_AUTHORIZED"

    # Why an actuator did not take a message for a command at all.
    UNSIGNED = "UNSIGNED"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    KEY_NOT_VALID = "KEY_NOT_VALID"
    UNFENCED = "UNFENCED"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    UNDECODABLE = "UNDECODABLE"
    REPLAYED = "REPLAYED"

    # How a ladder ended or waits.
    VERIFIED = "VERIFIED"
    EXHAUSTED = "EXHAUSTED"
    FATE_UNKNOWN = "FATE_UNKNOWN"
    NO_OUTCOME = "NO_OUTCOME"
    DONE = "DONE"
    RESPONDED = "RESPONDED"
    RESPONDED_IN_PART = "RESPONDED_IN_PART"
    REVERT_SCHEDULED = "REVERT_SCHEDULED"
    REVERTED = "REVERTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    WAITING = "WAITING"
    STEP_TIMED_OUT = "STEP_TIMED_OUT"
    ABORTED = "ABORTED"
    COMPENSATED = "COMPENSATED"
    NOT_COMPENSATED = "NOT_COMPENSATED"
    UNKNOWN_PLAYBOOK = "UNKNOWN_PLAYBOOK"
    NOT_REVERTED = "NOT_REVERTED"
    SCALED = "SCALED"
    NOT_SCALED = "NOT_SCALED"

    # What the engine noticed about itself and its input.
    RULES_ACTIVATED = "RULES_ACTIVATED"
    UNSOLICITED_OUTCOME = "UNSOLICITED_OUTCOME"
    REPLAY_DIVERGED = "REPLAY_DIVERGED"
    RECORD_CUT = "RECORD_CUT"
    EVALUATION_FAILED = "EVALUATION_FAILED"
    TIME_JUMPED = "TIME_JUMPED"
    WARMING_UP = "WARMING_UP"
    CLOCK_SKEWED = "CLOCK_SKEWED"
    SERIES_LIMIT = "SERIES_LIMIT"
    SAMPLES_LIMIT = "SAMPLES_LIMIT"


MEANING: dict[Reason, str] = {
    Reason.ALERT_FIRED: "the alert that this rule acts on fired",
    Reason.STEP_FAILED: "the step before did not succeed; the next one is taken, where there is one",
    Reason.VERIFY_FAILED: "the step before had its effect but did not help in time, so the next one is taken",
    Reason.REFIRED: "the alert fired again within `reset_after` of the step that had helped, so the next one is taken",
    Reason.APPROVED: "a person let it go",
    Reason.REQUESTED: "a person asked for it",
    Reason.DECIDED_ANEW: "the command came too late to have an effect and was decided again on the present state",
    Reason.REVERT_DUE: "the step's `revert_after` is over, so its effect is undone",
    Reason.CONDITION_MET: "the expression holds",
    Reason.HELD_FOR_DURATION: "the expression held for the rule's `for`",
    Reason.CONDITION_CLEARED: "the expression no longer holds, or no event fitted for `keep_firing_for`",
    Reason.RULE_REMOVED: "the rule is no longer among the active ones, or its trigger changed",
    Reason.EVENT_MATCHED: "an event fits the rule, or completes its correlation",
    Reason.EVICTED: "the rule has more alerts than it may: the one that was seen least lately gave way",
    Reason.SHADOW: "the rule is in shadow mode: recorded, not sent",
    Reason.AWAITING_APPROVAL: "the mode of the rule, or the policy, wants the word of people: waiting for it",
    Reason.APPROVAL_DENIED: "a person did not let it go",
    Reason.APPROVAL_LAPSED: "nobody approved in time",
    Reason.COOLDOWN: "the last ladder on this ended less than `cooldown` ago, by its rule or by the policy",
    Reason.HALTED: "acts are halted",
    Reason.SETTLING: "the engine was away or time jumped: acts wait until one fresh interval has passed",
    Reason.ISOLATED: "the target is isolated: nothing but its release acts on it",
    Reason.RESOLVED_BEFORE_ACT: "the alert resolved before the step was taken",
    Reason.UNKNOWN_TARGET: "no actuator's inventory has the target",
    Reason.UNKNOWN_VERB: "no actuator offers the verb",
    Reason.PROTECTED: "the target is protected",
    Reason.OTHER_NODE: "events of one node name a target of another, and the rule does not say `any_node`",
    Reason.EMERGENCY: "an emergency is declared: only people act, and the rules that the policy lists for it",
    Reason.FLAPPING: "the target was healed so often lately that it goes to a human instead",
    Reason.VERB_NOT_ALLOWED: "the policy does not allow the verb in this environment",
    Reason.STALE_EVIDENCE: "what the decision rests on is older than the policy permits, or not known",
    Reason.MAINTENANCE: "a maintenance window of the policy holds the act",
    Reason.OUTSIDE_WINDOW: "the act is permitted only inside a maintenance window, and none is open",
    Reason.RATE_LIMIT: "as many acts as the policy permits were done lately",
    Reason.CONCURRENCY: "as many acts as the policy permits at once are under way",
    Reason.BLAST_RADIUS: "as many replicas as the policy permits were touched lately, by whomever",
    Reason.LAST_HEALTHY: "too few healthy replicas of the service would be left",
    Reason.NOT_AN_APPROVER: "the policy wants the word of others for this act",
    Reason.NOT_WAITING: "nothing of this id waits for the word of people, or no longer",
    Reason.UNKNOWN_RUN: "no run of a playbook of this id is under way that could be ended",
    Reason.NO_EMERGENCY: "no emergency is declared that could be over",
    Reason.BAD_ARGUMENTS: "the step's arguments could not be rendered or are not the verb's",
    Reason.NOTHING_TO_DO: "the target is already as the step would make it, or has no earlier state to return to",
    Reason.UNKNOWN_RULE: "no rule that acts, and no playbook, has the name",
    Reason.NOT_ITS_TARGET: "the rule would not act on this target as things are",
    Reason.ALERT_INACTIVE: "the alert that the rule acts on is not active",
    Reason.ALERT_PENDING: "the alert's condition holds, but not for its `for` yet",
    Reason.LADDER_OVER: "the rule had its turn since the alert fired; the next one is when it fires again",
    Reason.NOT_ASKED_FOR: "a playbook runs when a person or a rule asks for it, and none runs",
    Reason.NOT_EVALUATED: "the rule has not been evaluated yet",
    Reason.COMMAND_UNDER_WAY: "the command was sent, and its actuator has not answered yet",
    Reason.VERIFYING: "the step had its effect; whether that helps is being watched",
    Reason.WAITING_FOR_TIME: "the step is to be taken at a later time",
    Reason.WAITING_FOR_OTHERS: "it waits for what it began to be over",
    Reason.NOTHING_OBJECTS: "nothing objects by now: the step is taken when it is looked at next",
    Reason.OFF_TARGET: "a metric is off its target, so the workload is scaled",
    Reason.ABOVE_MAX: "the workload has more replicas than the `max` of this hour",
    Reason.BELOW_MIN: "the workload has fewer replicas than the `min` of this hour",
    Reason.WITHIN_TOLERANCE: "the workload has as many replicas as its metrics want, within the tolerance",
    Reason.STABILIZING: "the metrics want another number of replicas, but not for the whole stabilization window yet",
    Reason.RATE_LIMITED: "the metrics want another number of replicas, but the policies permit no further change yet",
    Reason.DIRECTION_DISABLED: "the metrics want another number of replicas, but the rule does not scale that way",
    Reason.AT_MAX: "the metrics want more replicas than the `max` of this hour",
    Reason.AT_MIN: "the metrics want fewer replicas than the `min` of this hour",
    Reason.NO_DATA: "nothing is known of what the workload is scaled by: it stays as it is, or has its `fallback`",
    Reason.PARTIAL_DATA: "fewer replicas would do, but a metric has no value: it may be the one that needs them",
    Reason.STALE_INVENTORY: "the inventory is not recent enough to say how many replicas there are",
    Reason.SCALED_TO_ZERO: "somebody scaled the workload to zero, below the rule's `min`: it is left alone",
    Reason.NO_LONGER_WANTED: "the metrics no longer want what was asked for",
    Reason.DEADLINE_PASSED: "the command was taken up after its deadline; nothing was done",
    Reason.CONDITION_CHANGED: "the target is not in the state that the command was decided on; nothing was done",
    Reason.FENCED: "the command came from an engine that a newer one has replaced",
    Reason.SUPERSEDED: "a newer command of the same target was taken up before; nothing was done",
    Reason.LEASE_LAPSED: "the actuator that had claimed the command died, and the target keeps no mark of its effect",
    Reason.EFFECT_FAILED: "the actuator tried and the target did not come to the wanted state",
    Reason.NOT_AUTHORIZED: "the actuator's allow list does not let this engine do that; nothing was done",
    Reason.UNSIGNED: "a message without a signature came in place of a command; it was not carried out",
    Reason.UNKNOWN_KEY: "a command was signed with a key that the actuator does not trust; it was not carried out",
    Reason.KEY_NOT_VALID: "a command was signed with a key that was not valid yet or no longer; it was not carried out",
    Reason.UNFENCED: "a command came without a fencing token; it was not carried out",
    Reason.BAD_SIGNATURE: "a command is not what was signed: forged, altered, or moved; it was not carried out",
    Reason.UNDECODABLE: "a command was signed but is none that the actuator can read; it was not carried out",
    Reason.REPLAYED: "a command that was answered, or is in hand, came once more; it was not carried out again",
    Reason.VERIFIED: "the step's `verify` held",
    Reason.EXHAUSTED: "no step of the ladder helped",
    Reason.FATE_UNKNOWN: "it cannot be known whether the command had its effect; it is not repeated, a human decides",
    Reason.NO_OUTCOME: "no actuator answered in its time; what stays silent for five minutes more is taken as unknown",
    Reason.DONE: "the step is done and there is nothing to verify",
    Reason.RESPONDED: "every step of the response was taken",
    Reason.RESPONDED_IN_PART: "every step of the response came to its turn, and not all of them succeeded",
    Reason.REVERT_SCHEDULED: "the step had its effect, which is to be undone after `revert_after`",
    Reason.COMPLETED: "every step of the playbook has succeeded",
    Reason.FAILED: "a step of the playbook failed, and there was nothing to compensate for",
    Reason.WAITING: "the step waits for something to hold, or for its time to pass",
    Reason.STEP_TIMED_OUT: "the step was not over within its `timeout`",
    Reason.ABORTED: "a person ended the run",
    Reason.COMPENSATED: "a step of the playbook failed, or a person ended it, and what was done is compensated for",
    Reason.NOT_COMPENSATED: "a step of the playbook failed, and not all that was done before could be compensated for",
    Reason.UNKNOWN_PLAYBOOK: "there is no playbook of the name and version",
    Reason.REVERTED: "what the step had done is undone",
    Reason.NOT_REVERTED: "what the step had done is not undone: its target has changed since, or the undo failed",
    Reason.SCALED: "the workload was scaled",
    Reason.NOT_SCALED: "the workload was not scaled; the next evaluation decides anew",
    Reason.RULES_ACTIVATED: "a new set of rules is active",
    Reason.UNSOLICITED_OUTCOME: "an outcome came for a command that no ladder waits for",
    Reason.REPLAY_DIVERGED: "a replay decided otherwise than the audit records; the record stands",
    Reason.RECORD_CUT: "more was decided at once than one record of the audit holds",
    Reason.EVALUATION_FAILED: "an expression or template failed to evaluate",
    Reason.TIME_JUMPED: "ticks were missing: nobody was deciding for a while; or the clock of the journal was set back",
    Reason.WARMING_UP: "new rules look further back than the journal, so they know less than they will",
    Reason.CLOCK_SKEWED: "for a minute all samples of a node were ahead of the journal, or late, by over an interval",
    Reason.SERIES_LIMIT: "as many series are kept as may be (`max_series`), so new ones are not",
    Reason.SAMPLES_LIMIT: "as many samples are kept as may be (`max_samples`), so new ones are not",
}
