"""A Kubernetes cluster as the plugins of both sides reach it: `client` (connection and credentials), `api` (requests,
answers and errors), `reflector` (a collection, listed and watched).

It is below collectors and actuators and knows neither; what objects are says `schemas.kubernetes`. The client library
is an extra: `client` can be imported without it, the others cannot, and are to be imported only where a client is made.
"""
