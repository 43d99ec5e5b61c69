"""The engine: from journal messages to decisions (`core`), with the languages it needs and the hosts that run it."""
