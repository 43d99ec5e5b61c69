"""Analysis: what log messages say is mined for templates on the node, and what is new or sudden about them is an event.

No I/O and no clock: events of one source and the time go in, in their order, and the events that follow from them come
out. `analyzer` is that function with its state, `templates` mines, `masking` takes the numbers out of a text before,
`windows` and `baseline` know how often a template comes, `findings` is what is said, and `state` what is kept of all of
it. Nothing is imported here, for `templates` needs a library that only agents with the extra `analyze` have.
"""
