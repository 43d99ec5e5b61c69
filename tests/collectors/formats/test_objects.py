"""Formats that are JSON: their own keys stay, and common fields are added."""

import json
from typing import Any

import pytest

from collectors.formats.model import Parsed
from tests.collectors.contexts import parser


def parsed(name: str, data: dict[str, Any]) -> Parsed:
    (found,) = parser(name).parse(json.dumps(data), 0)
    return found


AUDIT = {
    "kind": "Event",
    "auditID": "b6f1",
    "verb": "delete",
    "requestURI": "/apis/apps/v1/namespaces/shop/deployments/cart",
    "user": {"username": "ann", "groups": ["dev"]},
    "sourceIPs": ["192.0.2.7", "10.0.0.1"],
    "userAgent": "kubectl/v1.29",
    "objectRef": {"resource": "deployments", "namespace": "shop", "name": "cart"},
    "responseStatus": {"code": 403},
    "stageTimestamp": "2024-03-04T05:25:01.123456Z",
}


def test_kubernetes_audit() -> None:
    """Who did what, from where, and whether it was let."""
    found = parsed("kubernetes_audit", AUDIT)
    assert found.data == AUDIT | {
        "event.action": "delete",
        "event.outcome": "failure",
        "user.name": "ann",
        "source.ip": "192.0.2.7",
        "url.original": AUDIT["requestURI"],
        "user_agent.original": "kubectl/v1.29",
        "http.response.status_code": 403,
    }
    assert (found.type, found.source) == ("log.kubernetes_audit", ("kubernetes", "application", "audit"))
    assert found.time == "2024-03-04T05:25:01.123Z"


RECORD = {
    "eventTime": "2024-03-04T05:25:01Z",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "sourceIPAddress": "192.0.2.7",
    "userAgent": "aws-cli",
    "userIdentity": {"type": "IAMUser", "userName": "ann", "arn": "arn:aws:iam::1:user/ann"},
    "errorCode": "AccessDenied",
    "responseElements": None,
}


def test_cloudtrail() -> None:
    """A record keeps its keys."""
    found = parsed("cloudtrail", RECORD)
    assert found.data == RECORD | {
        "event.action": "CreateUser",
        "event.outcome": "failure",
        "source.ip": "192.0.2.7",
        "user.name": "ann",
        "user_agent.original": "aws-cli",
    }
    assert (found.type, found.source, found.time) == (
        "log.cloudtrail",
        ("aws", "", "cloudtrail"),
        "2024-03-04T05:25:01.000Z",
    )


def test_cloudtrail_by_a_service_of_aws() -> None:
    """Where no address is, a name is not taken for one; an assumed role is named by the role."""
    role = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": "deployer"}}}
    found = parsed("cloudtrail", {"eventName": "A", "sourceIPAddress": "ec2.amazonaws.com", "userIdentity": role}).data
    assert (found["source.address"], found["user.name"], found["event.outcome"]) == (
        "ec2.amazonaws.com",
        "deployer",
        "success",
    )
    assert parsed("cloudtrail", {"eventName": "A", "userIdentity": {"type": "Root"}}).data["user.name"] == "Root"


def test_many_records_of_cloudtrail_in_a_line_are_many_events() -> None:
    """A line of which a part is no record does not fit."""
    parse = parser("cloudtrail").parse
    assert [each.data["eventName"] for each in parse(json.dumps({"Records": [RECORD, {"eventName": "B"}]}), 0)] == [
        "CreateUser",
        "B",
    ]
    assert parse(json.dumps({"Records": [RECORD, 1]}), 0) == []
    assert parse('{"Records": []}', 0) == []


def test_falco() -> None:
    """The fields of its output lie beside the rest, under their own names and ours."""
    outputs = {
        "proc.name": "sh",
        "proc.cmdline": "sh -i",
        "proc.pname": "runc",
        "user.name": "root",
        "container.id": "3ad7",
        "fd.name": "/etc/shadow",
        "evt.type": "openat",
        "proc.exepath": None,
    }
    alert = {
        "rule": "Read sensitive file",
        "priority": "Warning",
        "output": "Sensitive file (file=/etc/shadow)",
        "hostname": "web1",
        "source": "syscall",
        "tags": ["filesystem"],
        "time": "2024-03-04T05:25:01.123456789Z",
    }
    found = parsed("falco", alert | {"output_fields": outputs})
    assert found.data == {
        **alert,
        **outputs,
        "message": alert["output"],
        "host.hostname": "web1",
        "process.name": "sh",
        "process.command_line": "sh -i",
        "process.parent.name": "runc",
        "file.path": "/etc/shadow",
        "event.action": "openat",
    }
    assert (found.type, found.source, found.time) == ("log.falco", ("falco", "", "syscall"), "2024-03-04T05:25:01.123Z")


def test_suricata() -> None:
    """The service is the type of the event."""
    eve = {
        "timestamp": "2024-03-04T06:25:01.123456+0100",
        "event_type": "alert",
        "src_ip": "192.0.2.7",
        "src_port": 4022,
        "dest_ip": "198.51.100.1",
        "dest_port": 80,
        "alert": {"signature": "ET SCAN", "action": "allowed", "severity": 2},
        "http": {"hostname": "a.org", "url": "/x", "http_method": "GET", "status": 404},
    }
    found = parsed("suricata", eve)
    assert found.data == eve | {
        "source.ip": "192.0.2.7",
        "source.port": 4022,
        "destination.ip": "198.51.100.1",
        "destination.port": 80,
        "message": "ET SCAN",
        "event.action": "allowed",
        "url.domain": "a.org",
        "url.original": "/x",
        "http.request.method": "GET",
        "http.response.status_code": 404,
    }
    assert (found.type, found.source, found.time) == (
        "log.suricata",
        ("suricata", "", "alert"),
        "2024-03-04T05:25:01.123Z",
    )


def test_suricata_sees_questions_for_names() -> None:
    """They have the category that rules about them have."""
    dns = {"rrname": "evil.example", "rrtype": "A", "answers": [{"rdata": "192.0.2.7"}, {"ttl": 3}, 4]}
    found = parsed("suricata", {"event_type": "dns", "dns": dns})
    assert found.source == ("suricata", "dns", "dns")
    assert (found.data["dns.question.name"], found.data["dns.answers.data"]) == ("evil.example", ["192.0.2.7"])


@pytest.mark.parametrize("name", ["kubernetes_audit", "cloudtrail", "falco", "suricata", "json"])
@pytest.mark.parametrize("line", ["", "text", "[]", "{", '{"a": 1', "3"])
def test_what_is_no_object_does_not_fit(name: str, line: str) -> None:
    """Nor does an object of another kind, but to `json`."""
    assert parser(name).parse(line, 0) == []
    assert bool(parser(name).parse("{}", 0)) == (name == "json")


def test_json_is_read_with_its_mapping() -> None:
    """Times without a zone are in UTC unless another is configured."""
    settings = {"time": "ts", "rename": {"ip": "source.ip"}, "product": "shop", "service": {"field": "app"}}
    (found,) = parser("json", **settings).parse('{"ts": "2024-01-01T12:00:00", "ip": "192.0.2.7", "app": "Cart"}', 0)
    assert found.source == ("shop", "", "cart")
    assert found.time == "2024-01-01T12:00:00.000Z"
    (found,) = parser("json", timezone="Europe/Berlin", **settings).parse('{"ts": "2024-01-01T12:00:00"}', 0)
    assert found.time == "2024-01-01T11:00:00.000Z"
    assert parser("json", **settings).source == ("shop", "", "")


def test_bytes_that_are_no_json_do_not_hide_a_line_from_the_rules() -> None:
    r"""Nginx writes a quotation mark as `\x22` where its log is JSON; the line is the event that it would be."""
    line = r'{"eventVersion": "1.08", "eventSource": "s3", "eventName": "x", "userAgent": "\x22\ud800"}'
    (parsed,) = parser("cloudtrail").parse(line, 0)
    assert (parsed.type, parsed.data["userAgent"]) == ("log.cloudtrail", '"\ufffd')
