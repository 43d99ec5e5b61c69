"""Detection in events: what a rule says of one event, and of many over time. Pure: no I/O, no clock."""
