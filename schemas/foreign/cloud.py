"""Audit trails of clouds and of services: who did what through an API."""

from schemas.foreign.records import Fields, Known, find, raised, renamed, text
from schemas.foreign.times import rfc3339


def cloudtrail(data: Fields) -> Known | None:
    """A record of AWS CloudTrail."""
    if not text(data, "eventName"):
        return None
    fields: Fields = {
        "event.action": data["eventName"],
        "event.outcome": "failure" if data.get("errorCode") else "success",
        **_client(text(data, "sourceIPAddress")),
        **renamed(data, {"userAgent": "user_agent.original"}),
    }
    users = ("userIdentity.userName", "userIdentity.sessionContext.sessionIssuer.userName", "userIdentity.type")
    if name := next((name for path in users if (name := text(data, path))), ""):
        fields["user.name"] = name
    return Known("log.cloudtrail", "aws", "", "cloudtrail", data | fields, rfc3339(data.get("eventTime")))


def kubernetes(data: Fields) -> Known | None:
    """An event of Kubernetes' audit log."""
    if not text(data, "verb") or "auditID" not in data:
        return None
    names = {
        "verb": "event.action",
        "user.username": "user.name",
        "requestURI": "url.original",
        "userAgent": "user_agent.original",
    }
    fields = data | renamed(data, names)
    addresses = data.get("sourceIPs")
    if isinstance(addresses, list) and addresses and isinstance(addresses[0], str):
        fields |= _client(addresses[0])
    code = find(data, "responseStatus.code")
    if isinstance(code, int):
        fields["http.response.status_code"] = code
        fields["event.outcome"] = "success" if code < 400 else "failure"
    times = ("stageTimestamp", "requestReceivedTimestamp", "timestamp")
    time = next((found for name in times if (found := rfc3339(data.get(name)))), None)
    return Known("log.kubernetes_audit", "kubernetes", "application", "audit", fields, time)


_AZURE = {
    "auditlogs": "auditlogs",
    "signinlogs": "signinlogs",
    "noninteractiveusersigninlogs": "signinlogs",
    "serviceprincipalsigninlogs": "signinlogs",
    "userriskevents": "riskdetection",
    "administrative": "activitylogs",
    "azureactivity": "activitylogs",
}
"""Sigma's services, by the `category` of a diagnostic setting or the `Type` of Log Analytics, in lower case."""


def azure(data: Fields) -> Known | None:
    """A record of Azure or of Entra ID, of a diagnostic setting or from Log Analytics."""
    category = text(data, "category") or text(data, "Type") or text(data, "Category")
    service = _AZURE.get(category.lower())
    if service is None or not (text(data, "operationName") or text(data, "OperationName")):
        return None
    fields = raised(data, "properties")
    fields |= renamed(data, {"operationName": "event.action", "callerIpAddress": "source.ip"})
    time = next((found for key in ("time", "TimeGenerated") if (found := rfc3339(data.get(key)))), None)
    return Known("log.azure", "azure", "", service, fields, time)


def gcp(data: Fields) -> Known | None:
    """An entry of Google Cloud's audit logs."""
    method = text(data, "protoPayload.methodName")
    if not method or not text(data, "protoPayload.@type").endswith("AuditLog"):
        return None
    names = {
        "protoPayload.methodName": "gcp.audit.method_name",
        "protoPayload.serviceName": "gcp.audit.service_name",
        "protoPayload.resourceName": "gcp.audit.resource_name",
        "protoPayload.authenticationInfo.principalEmail": "user.name",
    }
    fields = data | renamed(data, names) | {"event.action": method}
    fields |= _client(text(data, "protoPayload.requestMetadata.callerIp"))
    return Known("log.gcp", "gcp", "", "gcp.audit", fields, rfc3339(data.get("timestamp")))


def okta(data: Fields) -> Known | None:
    """An event of Okta's system log."""
    if not text(data, "eventType") or not isinstance(data.get("actor"), dict):
        return None
    names = {
        "eventType": "event.action",
        "displayMessage": "message",
        "actor.alternateId": "user.name",
        "client.ipAddress": "source.ip",
    }
    return Known("log.okta", "okta", "", "okta", data | renamed(data, names), rfc3339(data.get("published")))


def github(data: Fields) -> Known | None:
    """An event of the audit log of an organization, or of an enterprise."""
    if not text(data, "action"):
        return None
    fields = data | renamed(data, {"action": "event.action", "actor": "user.name", "actor_ip": "source.ip"})
    return Known("log.github", "github", "", "audit", fields, rfc3339(data.get("@timestamp")))


def bitbucket(data: Fields) -> Known | None:
    """An event of the audit log of Bitbucket Data Center."""
    if not text(data, "auditType.action") or not text(data, "auditType.category"):
        return None
    fields = data | renamed(data, {"auditType.action": "event.action", "author.name": "user.name"})
    return Known("log.bitbucket", "bitbucket", "", "audit", fields, rfc3339(data.get("timestamp")))


def m365(data: Fields) -> Known | None:
    """A record of the unified audit log of Microsoft 365."""
    if not text(data, "Workload") or not text(data, "Operation"):
        return None
    fields = data | renamed(data, {"Operation": "event.action", "UserId": "user.name", "ClientIP": "source.ip"})
    return Known("log.m365", "m365", "", "audit", fields, rfc3339(data.get("CreationTime")))


def _client(address: str) -> Fields:
    """Who called: an address, or the name of a service where the cloud called itself."""
    if not address:
        return {}
    is_ip = ":" in address or address.replace(".", "").isdigit()
    return {"source.ip" if is_ip else "source.address": address}
