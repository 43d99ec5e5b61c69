"""What every verb of every actuator is held to, by one suite.

An actuator plugs in by a harness, one small class: see `harness`, and `harnesses` for the list. What is claimed is in
`test_alone` (the actuator by itself), `test_hosted` (as its service runs it) and `test_declared`.
"""
