"""The contracts: everything that crosses a process boundary, and what a plugin must declare.

Only values live here. Nothing in this package does I/O, reads a clock or knows who sends or receives; every other
package imports it and it imports none of them.
"""
