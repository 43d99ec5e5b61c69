"""What senses: each collector turns its configuration into an endless iterator of readings.

A collector knows nothing of the bus, of rules or of its siblings, and finds its host only in `CollectorContext`.
Publishing, batching, staleness markers and retries belong to the host that runs it.
"""
