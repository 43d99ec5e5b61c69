"""AWS CloudTrail: a record in JSON to a line, or many in one, `{"Records": […]}`. Their keys stay as they are."""

from typing import Any

from collectors.formats.addresses import put_source
from collectors.formats.model import Fields, Format, LogSource, Parsed, Parser
from collectors.formats.objects import object_of, text_of
from collectors.formats.settings import NoSettings
from collectors.formats.times import from_any

SOURCE = LogSource("aws", "", "cloudtrail")
_USERS = ("userIdentity.userName", "userIdentity.sessionContext.sessionIssuer.userName", "userIdentity.type")


def event_of(record: Any) -> Parsed | None:
    """The event of a record, to which the fields are added; None where it is none."""
    if not isinstance(record, dict) or not isinstance(record.get("eventName"), str):
        return None
    record.update(_fields(record))
    return Parsed(record, "log.cloudtrail", SOURCE, from_any(record.get("eventTime")))


def _fields(record: Fields) -> Fields:
    fields: Fields = {
        "event.action": record["eventName"],
        "event.outcome": "failure" if record.get("errorCode") else "success",
    }
    if address := text_of(record, "sourceIPAddress"):
        put_source(fields, address)
    if agent := text_of(record, "userAgent"):
        fields["user_agent.original"] = agent
    if name := next((name for way in _USERS if (name := text_of(record, way))), ""):
        fields["user.name"] = name
    return fields


def _parse(text: str, _: int) -> list[Parsed]:
    data = object_of(text)
    if data is None:
        return []
    records = data["Records"] if isinstance(data.get("Records"), list) else [data]
    events = [event_of(record) for record in records]
    known = [event for event in events if event]
    return known if len(known) == len(events) else []


FORMAT = Format(
    name="cloudtrail",
    summary='AWS CloudTrail, a record in JSON to a line, or many in a line: `{"Records": […]}`.',
    example='{"eventVersion":"1.09","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann",'
    '"userName":"ann"},"eventTime":"2024-03-04T05:25:01Z","eventSource":"cloudtrail.amazonaws.com",'
    '"eventName":"StopLogging","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2.15",'
    '"requestParameters":{"name":"trail"},"responseElements":null,"eventID":"0c3f"}',
    settings=NoSettings,
    build=lambda _: Parser(_parse, SOURCE),
)
