"""Who may use the doors under ``/v1``: API keys, and client secrets, the short-lived tokens of browsers.

A client shows either of them as ``Authorization: Bearer``. A browser, which cannot set that header for a
WebSocket, offers the subprotocols ``realtime`` and ``openai-insecure-api-key.<key>``.

A client secret is ``ek_`` and a JSON Web Token (RFC 7519) with the session that may be opened with it. It is
signed and not stored, so that every process with the same signing key accepts it until it expires. No
message and no log line contains a credential.
"""

import json
import time
from typing import Any, NamedTuple

import jwt
from starlette.requests import HTTPConnection

from sokuji.errors import TooLarge, Unauthenticated

CLIENT_SECRET_PREFIX = "ek_"
KEY_SUBPROTOCOL = "openai-insecure-api-key."
MIN_SIGNING_KEY_BYTES = 32
"""RFC 7518, section 3.2: as many as the hash has."""
MAX_SESSION_BYTES = 4_800
"""JSON of the session in a client secret. A browser sends the token in a header line, and the servers of
WebSockets accept 8,192 bytes of one."""
_ALGORITHM = "HS256"
JSONObject = dict[str, Any]


class ClientSecret(NamedTuple):
    """A client secret that has been verified."""

    session: JSONObject
    """The session that its holder opens, as it was validated when the secret was made."""


class NewClientSecret(NamedTuple):
    """A client secret that has been made."""

    value: str
    expires_at: int
    """Seconds since the epoch."""


class ApiKeys:
    """The keys that clients have to show. None are configured: any is accepted, and clients without one."""

    def check(self, key: str | None) -> None:
        """Refuse a key; None: the client shows none.

        Raises:
            Unauthenticated: the key is not one of those that are accepted.
        """


class Credentials:
    """Verifies what clients show, and makes client secrets.

    Args:
        signing_key: at least ``MIN_SIGNING_KEY_BYTES``; all with the same one accept each other's secrets.
        api_keys: None: any key is accepted.
    """

    def __init__(self, signing_key: bytes, api_keys: ApiKeys | None = None) -> None:
        self._signing_key = signing_key
        self._api_keys = api_keys or ApiKeys()

    def verify(self, connection: HTTPConnection) -> ClientSecret | None:
        """The client secret that a client shows; None: it shows an API key, or need show nothing.

        Raises:
            Unauthenticated: an API key that is not accepted, or a forged or expired client secret.
        """
        shown = _shown(connection)
        if shown is not None and shown.startswith(CLIENT_SECRET_PREFIX):
            return self._verify_secret(shown.removeprefix(CLIENT_SECRET_PREFIX))
        self._api_keys.check(shown)
        return None

    def make_secret(self, session: JSONObject, lifetime_s: int) -> NewClientSecret:
        """A client secret for sessions that begin with ``session``, which has been validated.

        Raises:
            TooLarge: the session has more than ``MAX_SESSION_BYTES``.
        """
        size = len(json.dumps(session, separators=(",", ":")))
        if size > MAX_SESSION_BYTES:
            raise TooLarge(
                f"the session has {size} bytes as JSON; at most {MAX_SESSION_BYTES} fit into a client secret",
                param="session",
            )
        now = int(time.time())
        claims = {"iat": now, "exp": now + lifetime_s, "session": session}
        token = jwt.encode(claims, self._signing_key, _ALGORITHM)
        return NewClientSecret(CLIENT_SECRET_PREFIX + token, now + lifetime_s)

    def _verify_secret(self, token: str) -> ClientSecret:
        try:
            claims = jwt.decode(
                token, self._signing_key, [_ALGORITHM], options={"require": ["exp", "session"]}
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the client secret has expired; ask your server for a new one") from None
        except jwt.InvalidTokenError:
            raise Unauthenticated("the client secret is not one of this service") from None
        return ClientSecret(claims["session"])


def _shown(connection: HTTPConnection) -> str | None:
    """The API key or client secret that a client shows; the header goes before the subprotocol."""
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return key.strip()
    offered: list[str] = connection.scope.get("subprotocols", [])
    keys = [each.removeprefix(KEY_SUBPROTOCOL) for each in offered if each.startswith(KEY_SUBPROTOCOL)]
    return keys[0] if keys else None
