"""The benchmarks: `python -m tests.bench` measures what is promised, and fails where a figure is over its limit.

Every figure is taken on real processes over a real server. Latency is given as a ratio to a bare chain of the same run,
since absolute times say more about the machine than about us. docs/benchmarks.md explains each figure.
"""
