"""The tests. A package, so that they can share `tests.conftest` and reuse file names."""
