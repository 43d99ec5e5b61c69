"""The end of a certificate's validity, as openssl says it: the oracle."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path


def expiry_by_openssl(certificate: Path) -> float:
    """Unix seconds."""
    command = ["openssl", "x509", "-noout", "-enddate", "-in", str(certificate)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().removeprefix("notAfter=")
    return datetime.strptime(said, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC).timestamp()
