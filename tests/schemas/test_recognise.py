"""Records of usual forms are known by their fields: their log source, their time, and the names that rules ask for."""

from typing import Any

import pytest

from schemas.foreign.recognise import recognised
from schemas.foreign.windows_names import CATEGORIES, SERVICES

TIME = "2024-03-04T05:25:01.120Z"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
CREATED = {"Image": r"C:\Windows\System32\cmd.exe", "CommandLine": "cmd /c whoami", "ParentImage": r"C:\a.exe"}

FORMS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "falco": (
        {
            "uuid": "5f",
            "output": "Shell in a container",
            "priority": "Notice",
            "rule": "Terminal shell in container",
            "time": "2024-03-04T05:25:01.120000000Z",
            "source": "syscall",
            "hostname": "web1",
            "tags": ["shell"],
            "output_fields": {
                "proc.name": "sh",
                "proc.cmdline": "sh -i",
                "fd.name": "/etc/shadow",
                "user.name": "root",
            },
        },
        "falco//syscall",
        {
            "proc.name": "sh",
            "process.command_line": "sh -i",
            "file.path": "/etc/shadow",
            "message": "Shell in a container",
            "host.hostname": "web1",
            "user.name": "root",
        },
    ),
    "kubernetes": (
        {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "auditID": "b6f1",
            "verb": "get",
            "user": {"username": "ann"},
            "sourceIPs": ["192.0.2.7"],
            "objectRef": {"resource": "secrets"},
            "responseStatus": {"code": 403},
            "stageTimestamp": "2024-03-04T05:25:01.120000Z",
        },
        "kubernetes/application/audit",
        {"user.name": "ann", "source.ip": "192.0.2.7", "event.outcome": "failure", "verb": "get"},
    ),
    "cloudtrail": (
        {
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": "StopLogging",
            "awsRegion": "eu-west-1",
            "eventTime": "2024-03-04T05:25:01.12Z",
            "sourceIPAddress": "config.amazonaws.com",
            "userIdentity": {"type": "Root"},
        },
        "aws//cloudtrail",
        {"event.action": "StopLogging", "source.address": "config.amazonaws.com", "user.name": "Root"},
    ),
    "suricata": (
        {
            "timestamp": "2024-03-04T05:25:01.120000+0000",
            "flow_id": 7,
            "event_type": "alert",
            "src_ip": "192.0.2.7",
            "alert": {"signature": "ET SCAN", "action": "allowed"},
        },
        "suricata//alert",
        {"source.ip": "192.0.2.7", "message": "ET SCAN", "src_ip": "192.0.2.7"},
    ),
    "zeek": (
        {"_path": "dns", "ts": 1709529901.12, "uid": "C1", "id.orig_h": "192.0.2.7", "query": "a.test"},
        "zeek/dns/dns",
        {"source.ip": "192.0.2.7", "query": "a.test"},
    ),
    "opencanary": (
        {"logtype": 4002, "node_id": "c", "src_host": "192.0.2.7", "utc_time": "2024-03-04 05:25:01.120000"},
        "opencanary/application/",
        {"source.ip": "192.0.2.7", "logtype": 4002},
    ),
    "gcp": (
        {
            "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "methodName": "google.iam.admin.v1.CreateServiceAccountKey",
                "requestMetadata": {"callerIp": "2001:db8::7"},
            },
            "timestamp": TIME,
        },
        "gcp//gcp.audit",
        {"gcp.audit.method_name": "google.iam.admin.v1.CreateServiceAccountKey", "source.ip": "2001:db8::7"},
    ),
    "azure sign-in": (
        {"category": "SignInLogs", "operationName": "Sign-in activity", "time": TIME, "properties": {"riskState": "x"}},
        "azure//signinlogs",
        {"riskState": "x", "operationName": "Sign-in activity"},
    ),
    "azure activity": (
        {"Type": "AzureActivity", "OperationName": "Delete", "TimeGenerated": TIME},
        "azure//activitylogs",
        {"OperationName": "Delete"},
    ),
    "okta": (
        {
            "eventType": "user.session.start",
            "published": TIME,
            "actor": {"alternateId": "ann@a.test"},
            "client": {"ipAddress": "192.0.2.7"},
        },
        "okta//okta",
        {"user.name": "ann@a.test", "source.ip": "192.0.2.7"},
    ),
    "github": (
        {"action": "repo.destroy", "actor": "ann", "_document_id": "x", "@timestamp": 1709529901120},
        "github//audit",
        {"action": "repo.destroy", "user.name": "ann"},
    ),
    "bitbucket": (
        {"auditType": {"category": "Projects", "action": "Project deleted"}, "timestamp": 1709529901120},
        "bitbucket//audit",
        {"event.action": "Project deleted"},
    ),
    "m365": (
        {
            "Workload": "AzureActiveDirectory",
            "Operation": "Add",
            "RecordType": 8,
            "CreationTime": "2024-03-04T05:25:01.12",
        },
        "m365//audit",
        {"Operation": "Add"},
    ),
    "journald": (
        {
            "MESSAGE": "Failed password for bob",
            "SYSLOG_IDENTIFIER": "sshd",
            "_PID": "4711",
            "_HOSTNAME": "web1",
            "__REALTIME_TIMESTAMP": "1709529901120000",
        },
        "linux//sshd",
        {"message": "Failed password for bob", "process.name": "sshd", "host.hostname": "web1"},
    ),
    "syslog by vector": (
        {"appname": "myapp", "facility": "user", "message": "hello", "hostname": "web1", "timestamp": TIME},
        "linux//syslog",
        {"process.name": "myapp", "host.hostname": "web1"},
    ),
    "windows by winlogbeat": (
        {
            "@timestamp": TIME,
            "message": "Process Create:",
            "winlog": {
                "channel": SYSMON,
                "event_id": "1",
                "computer_name": "pc1",
                "provider_name": "Microsoft-Windows-Sysmon",
                "event_data": CREATED,
            },
        },
        "windows/process_creation/sysmon",
        {**CREATED, "EventID": 1, "Computer": "pc1", "Provider_Name": "Microsoft-Windows-Sysmon", "Channel": SYSMON},
    ),
    "windows as XML": (
        {
            "Event": {
                "System": {
                    "Channel": SYSMON,
                    "EventID": {"#text": 1},
                    "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
                    "Computer": "pc1",
                    "TimeCreated": {"#attributes": {"SystemTime": TIME}},
                },
                "EventData": CREATED,
            }
        },
        "windows/process_creation/sysmon",
        {**CREATED, "EventID": 1, "Computer": "pc1"},
    ),
    "windows by NXLog": (
        {"Channel": SYSMON, "EventID": 1, "Hostname": "pc1", "SourceName": "S", "EventTime": TIME, **CREATED},
        "windows/process_creation/sysmon",
        {**CREATED, "Computer": "pc1", "Provider_Name": "S"},
    ),
    "windows by Fluent Bit": (
        {
            "Channel": SYSMON,
            "EventID": 3,
            "Message": "Network connection detected:\r\nImage: C:\\a b.exe\r\nRuleName: -",
            "timestamp": TIME,
        },
        "windows/network_connection/sysmon",
        {"Image": r"C:\a b.exe", "RuleName": "-"},
    ),
    "windows' own process creation": (
        {
            "Channel": "Security",
            "EventID": 4688,
            "EventData": {"NewProcessName": r"C:\a.exe", "ParentProcessName": r"C:\b.exe", "SubjectUserName": "ann"},
            "@timestamp": TIME,
        },
        "windows/process_creation/security",
        {"Image": r"C:\a.exe", "ParentImage": r"C:\b.exe", "User": "ann", "NewProcessName": r"C:\a.exe"},
    ),
    "sysmon for linux": (
        {"Channel": "Linux-Sysmon/Operational", "EventID": 11, "TargetFilename": "/etc/x", "time": TIME},
        "linux/file_event/sysmon",
        {"TargetFilename": "/etc/x"},
    ),
}


@pytest.mark.parametrize(("record", "source", "fields"), FORMS.values(), ids=FORMS.keys())
def test_a_usual_form_is_known(record: dict[str, Any], source: str, fields: dict[str, Any]) -> None:
    """Its fields stay, and those that rules ask for are beside them; the record itself is not changed."""
    before = repr(record)
    known = recognised(record)
    assert known is not None
    assert f"{known.product}/{known.category}/{known.service}" == source
    assert {name: known.data.get(name) for name in fields} == fields
    assert known.time == TIME
    assert repr(record) == before


@pytest.mark.parametrize(
    ("channel", "number", "more", "category", "service"),
    [
        (SYSMON, 12, {"EventType": "CreateKey"}, "registry_add", "sysmon"),
        (SYSMON, 12, {"EventType": "DeleteValue"}, "registry_delete", "sysmon"),
        (SYSMON, 13, {}, "registry_set", "sysmon"),
        (SYSMON, 22, {}, "dns_query", "sysmon"),
        (SYSMON, 26, {}, "file_delete", "sysmon"),
        ("Microsoft-Windows-PowerShell/Operational", 4104, {}, "ps_script", "powershell"),
        ("PowerShellCore/Operational", 4103, {}, "ps_module", "powershell"),
        ("Windows PowerShell", 400, {}, "ps_classic_start", "powershell-classic"),
        ("Security", 4624, {}, "", "security"),
        ("Microsoft-Windows-Windows Defender/Operational", 1116, {}, "", "windefend"),
        ("Somebody-Else/Operational", 1, {}, "", ""),
    ],
)
def test_a_channel_and_an_id_are_a_log_source(
    channel: str, number: int, more: dict[str, Any], category: str, service: str
) -> None:
    """Both the channel's service and, where the event has one, its category, so that rules for either are tried."""
    known = recognised({"Channel": channel, "EventID": number, **more})
    assert known is not None
    assert (known.product, known.category, known.service) == ("windows", category, service)


@pytest.mark.parametrize(
    "record",
    [
        {"message": "hello"},
        {"rule": "r", "output": "o"},
        {"Channel": "Security"},
        {"Channel": "Security", "EventID": "many"},
        {"apiVersion": "v1", "kind": "Event", "verb": "get"},
        {"category": "books", "operationName": "sell"},
        {"event_type": "click"},
        {"event_type": 7, "flow_id": 7},
        {"winlog": {"channel": "Security"}},
        {"eventSource": "a", "eventName": "b"},
        {"actor": "ann", "eventType": "x", "published": "y"},
    ],
)
def test_what_only_resembles_a_form_is_not_taken_for_it(record: dict[str, Any]) -> None:
    """One field of a common name says nothing."""
    assert recognised(record) is None


def test_names_of_channels_are_compared_in_lower_case() -> None:
    """As Windows does."""
    assert all(channel == channel.lower() for channel in [*SERVICES, *(channel for channel, _ in CATEGORIES)])
