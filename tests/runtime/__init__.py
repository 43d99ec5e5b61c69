"""Tests of `engine.runtime`, against a real `nats-server`."""
