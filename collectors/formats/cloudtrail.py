"""AWS CloudTrail: a record in JSON to a line, or many in one, `{"Records": […]}`. Their keys stay as they are."""

from collectors.formats.model import Format, LogSource, Parsed, Parser, as_parsed
from collectors.formats.objects import object_of
from collectors.formats.settings import NoSettings
from schemas.foreign.cloud import cloudtrail

SOURCE = LogSource("aws", "", "cloudtrail")


def _parse(text: str, _: int) -> list[Parsed]:
    data = object_of(text)
    if data is None:
        return []
    records = data["Records"] if isinstance(data.get("Records"), list) else [data]
    known = [as_parsed(cloudtrail(record)) for record in records if isinstance(record, dict)]
    return [event for events in known for event in events] if len(known) == len(records) and all(known) else []


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
