"""The contracts: everything that crosses a process boundary, and what a plugin must declare.

Only values live here: nothing does I/O, reads a clock or knows who sends or receives, but for `cluster`, which is how
plugins of both sides reach Kubernetes. Every other package imports this one and it imports none of them.
"""
