"""Tests of `engine.api`: questions in, answers out, over a state that a story filled."""
