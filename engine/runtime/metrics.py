"""What the roles count about themselves; `reflexarc status` shows it, and it is named as Prometheus would have it."""

from prometheus_client import REGISTRY, Counter

MESSAGES = Counter("reflexarc_messages_total", "Journal messages applied.", ["kind"])
DEAD = Counter(
    "reflexarc_dead_messages_total", "Messages that could not be decoded, by the subject they came on.", ["kind"]
)
COMMANDS = Counter(
    "reflexarc_commands_total", "Commands answered, by verb and status of the outcome.", ["verb", "status"]
)
RULE_ERRORS = Counter("reflexarc_rule_reload_failures_total", "Edits of the rules that were refused.")


def values() -> dict[str, float]:
    """All of this process' own samples, as `name{label="value"}` → value."""
    found = {}
    for metric in REGISTRY.collect():
        for sample in metric.samples:
            if sample.name.startswith("reflexarc_") and not sample.name.endswith("_created"):
                labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
                found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found
