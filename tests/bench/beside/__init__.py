"""Beside Prometheus: the same exposition, rules and intervals for a real Prometheus and for us, in the same seconds.

`shop` is what is exposed and what is asked of it, `exporter` serves it, `prometheus` and `ours` are the two sides.
`pipeline` compares what they cost, `identical` what they compute, `detection` how soon they tell. Where there is no
Prometheus, ours alone is measured.
"""
