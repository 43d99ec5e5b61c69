"""A Kubernetes cluster as the plugins of both sides reach it: `client` (connection and credentials), `api` (requests,
answers and errors), `reflector` (a collection, listed and watched).

It is below collectors and actuators and knows neither; what objects are says `schemas.kubernetes`. The client library
is an extra: `client` imports it only where a client is made, and what needs it is to be imported only there too.
"""
