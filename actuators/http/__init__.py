"""Actuator `http`: sends requests that the configuration declares, with arguments that it allows, each once.

Read `config` (what may be sent, and where), `actuators.parameters` (what a command may say in it), then `actuator`
(what an answer means, and what none does). `actuators.web` is what HTTP is to actuators.
"""

from actuators.http.actuator import ENDPOINT, build
from actuators.http.config import LONGEST_S, MOST_ATTEMPTS, HttpConfig
from schemas.plugins import ActuatorSpec, VerbSpec

EXAMPLE = """\
http:
  endpoints:
    purge:
      method: POST
      url: "https://cdn.example.com/zones/{zone}/purge"
      headers: {Authorization: "file:/etc/reflexarc/cdn-token"}
      json_body: {files: ["{file}"], why: "by Reflexarc, {command_id}"}
      parameters:
        zone: {type: choice, values: [shop, blog]}
        file: {type: text, pattern: "/[a-z0-9/._-]*"}
      observe: {url: "https://cdn.example.com/purges/{command_id}"}
"""

SPEC = ActuatorSpec(
    name="http",
    summary="Sends declared requests: to hosts that the configuration fixes, with declared parameters.",
    config=HttpConfig,
    verbs=(
        VerbSpec(
            name="call",
            summary="Send the request of a declared endpoint, with its parameters.",
            targets={ENDPOINT: (ENDPOINT,)},
            condition=("definition",),
            timeout_ms=(LONGEST_S * (MOST_ATTEMPTS + 1) + 30) * 1000,
            open=True,
            permissions=("to connect to the endpoint", "to read the secrets it refers to"),
            unmarked="an endpoint without `observe`, or one that does not answer it",
        ),
    ),
    build=build,
    example=EXAMPLE,
)
