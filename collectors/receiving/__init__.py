"""What collectors that others push to have in common: where they listen, who may push, how much, how many at a time.

From the outside in: `config` is the part of their configuration that is the same, `server` listens, `gate` answers,
`auth` knows the secrets. The libraries for HTTP are an extra, so only `config` is imported before a collector runs.
"""
