"""Formats of logs: from a line, or the lines of one event, to fields.

Nothing here reads a file or a clock. `programs.of_program` says what a message of a program says, whatever carried it.
"""
