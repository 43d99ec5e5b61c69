"""Whether a request may push: by the secret in a file, read anew each time, since files are rotated while we run."""

import base64
import hmac

from collectors.receiving.config import ReceivingConfig


def challenge(config: ReceivingConfig) -> str:
    """The scheme that is asked for, "" for none."""
    if config.basic_auth:
        return "Basic"
    return "Bearer" if config.bearer_token_file else ""


def admits(config: ReceivingConfig, authorization: str) -> bool:
    """Whether the request's `Authorization` is the one that is asked for. Raises OSError or ValueError for a secret
    that cannot be read."""
    expected = _expected(config)
    return not expected or hmac.compare_digest(authorization.encode(), expected.encode())


def _expected(config: ReceivingConfig) -> str:
    if basic := config.basic_auth:
        pair = f"{basic.username}:{basic.password_file.read_text(encoding='utf-8').strip()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    if config.bearer_token_file:
        return f"Bearer {config.bearer_token_file.read_text(encoding='utf-8').strip()}"
    return ""
