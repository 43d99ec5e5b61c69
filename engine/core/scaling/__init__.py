"""Scaling rules: how many replicas a workload should have, by what is measured and what was agreed for the hour.

Read in this order: `rule` (what a rule says), `replicas` (metrics → replicas, the algorithm of Kubernetes' autoscaler),
`behavior` (how fast, and how steadily), `schedule` (which bounds hold at which hour), `workload` (what there is, from
the inventory), `recommend` (all recommenders asked, and where a forecast would be one more), `memory` (what is kept),
`judge` (one decision from all that) and `loop` (when one is made, and how it becomes a command of the one ladder).
"""
