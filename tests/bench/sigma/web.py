"""What ordinary web servers and clouds tell: requests, API calls, sign-ins."""

from random import Random
from typing import Any

from tests.bench.sigma.words import PEOPLE, digits, guid, hexadecimal, hostname, internal_address, public_address, word

Event = dict[str, Any]

_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:122.0) Gecko/20100101 Firefox/122.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Version/17.2 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Prometheus/2.48.1",
    "kube-probe/1.28",
    "okhttp/4.12.0",
)
_PATHS = (
    "/",
    "/index.html",
    "/api/v1/{word}/{digits}",
    "/api/v2/{word}?page={digits}&sort=created_at",
    "/static/js/{word}.{hex8}.js",
    "/static/css/main.{hex8}.css",
    "/images/{word}/{word}-{digits}.webp",
    "/search?q={word}+{word}&lang=en",
    "/login?next=%2F{word}%2F{digits}",
    "/healthz",
    "/metrics",
    "/blog/2024/03/{word}-{word}-{word}",
    "/wp-content/uploads/2024/01/{word}.jpg",
    "/download/{word}-{digits}.pdf",
    "/favicon.ico",
    "/graphql",
)
_STATUSES = (200, 200, 200, 200, 204, 301, 302, 304, 304, 404, 500)


def request(random: Random) -> Event:
    """A line of an access log, under the names of the Elastic Common Schema."""
    original = random.choice(_PATHS).format(word=word(random), digits=digits(random, 4), hex8=hexadecimal(random, 8))
    path, _, query = original.partition("?")
    method, status = random.choice(("GET", "GET", "GET", "GET", "POST", "HEAD")), random.choice(_STATUSES)
    address, agent, size = public_address(random), random.choice(_AGENTS), random.randint(0, 90_000)
    event = {
        "message": f'{address} - - [12/Mar/2024:10:{random.randint(10, 59)}:11 +0000] "{method} {original} HTTP/1.1" '
        f'{status} {size} "https://{hostname(random)}/" "{agent}"',
        "source.ip": address,
        "http.request.method": method,
        "url.original": original,
        "url.path": path,
        "http.version": "1.1",
        "http.response.status_code": status,
        "http.response.body.bytes": size,
        "http.request.referrer": f"https://{hostname(random)}/",
        "user_agent.original": agent,
    }
    return event | {"url.query": query} if query else event


_CALLS = (
    ("ec2.amazonaws.com", "DescribeInstances"),
    ("ec2.amazonaws.com", "DescribeNetworkInterfaces"),
    ("ec2.amazonaws.com", "DescribeVolumes"),
    ("s3.amazonaws.com", "GetObject"),
    ("s3.amazonaws.com", "PutObject"),
    ("s3.amazonaws.com", "GetBucketLocation"),
    ("sts.amazonaws.com", "AssumeRole"),
    ("sts.amazonaws.com", "GetCallerIdentity"),
    ("kms.amazonaws.com", "Decrypt"),
    ("kms.amazonaws.com", "GenerateDataKey"),
    ("logs.amazonaws.com", "CreateLogStream"),
    ("monitoring.amazonaws.com", "GetMetricData"),
    ("autoscaling.amazonaws.com", "DescribeAutoScalingGroups"),
    ("lambda.amazonaws.com", "GetFunctionConfiguration"),
    ("secretsmanager.amazonaws.com", "GetSecretValue"),
    ("elasticloadbalancing.amazonaws.com", "DescribeTargetHealth"),
    ("dynamodb.amazonaws.com", "DescribeTable"),
)


def api_call(random: Random) -> Event:
    """A record of CloudTrail: objects in objects."""
    source, name = random.choice(_CALLS)
    person, account = random.choice(PEOPLE), "4210" + digits(random, 8)
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": random.choice(("IAMUser", "AssumedRole", "AWSService")),
            "principalId": "AIDA" + hexadecimal(random, 16).upper(),
            "arn": f"arn:aws:iam::{account}:user/{person}",
            "accountId": account,
            "userName": person,
            "sessionContext": {"attributes": {"creationDate": "2024-03-12T09:58:11Z", "mfaAuthenticated": "true"}},
        },
        "eventTime": f"2024-03-12T10:{random.randint(10, 59)}:{random.randint(10, 59)}Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": random.choice(("eu-central-1", "us-east-1", "eu-west-1")),
        "sourceIPAddress": random.choice((public_address(random), internal_address(random), source)),
        "userAgent": "aws-cli/2.15.10 Python/3.11.6 Linux/6.1.0 exe/x86_64.debian.12 prompt/off command/" + name,
        "requestParameters": {
            "bucketName": f"{word(random)}-{word(random)}",
            "key": f"{word(random)}/{digits(random, 6)}.json",
        },
        "responseElements": None,
        "additionalEventData": {
            "bytesTransferredOut": random.randint(0, 90_000),
            "x-amz-id-2": hexadecimal(random, 48),
        },
        "requestID": guid(random),
        "eventID": guid(random),
        "readOnly": name.startswith(("Get", "Describe")),
        "resources": [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{word(random)}/{digits(random, 6)}"}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }


def sign_in(random: Random) -> Event:
    """A sign-in to Azure's directory."""
    person = random.choice(PEOPLE)
    return {
        "time": f"2024-03-12T10:{random.randint(10, 59)}:00Z",
        "operationName": "Sign-in activity",
        "category": "SignInLogs",
        "resultType": random.choice((0, 0, 0, 0, 50126)),
        "userPrincipalName": f"{person}@corp.example",
        "appDisplayName": random.choice(("Office 365 Exchange Online", "Microsoft Teams", "Azure Portal")),
        "ipAddress": public_address(random),
        "clientAppUsed": random.choice(("Browser", "Mobile Apps and Desktop clients")),
        "conditionalAccessStatus": "success",
        "AuthenticationRequirement": random.choice(("singleFactorAuthentication", "multiFactorAuthentication")),
        "location": random.choice(("DE", "FR", "US")),
        "deviceDetail": {"browser": "Chrome 121.0.0", "operatingSystem": "Windows 10", "isCompliant": True},
        "status": {"errorCode": 0, "additionalDetails": "MFA requirement satisfied by claim in the token"},
    }
