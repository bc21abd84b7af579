"""What clients show to be let in: API keys, and client secrets, the short-lived tokens of browsers.

A client shows either of them as ``Authorization: Bearer``. A browser, which cannot set that header for a
WebSocket, offers the subprotocols ``realtime`` and ``openai-insecure-api-key.<key>``.

A client secret is ``ek_`` and a JSON Web Token (RFC 7519) with the session that may be opened with it. It is
signed and not stored, so that every process with the same signing key accepts it until it expires. No
message and no log line contains a credential.
"""

import base64
import hmac
import ipaddress
import json
import time
from typing import Any, NamedTuple

import jwt
from starlette.requests import HTTPConnection

from sokuji.access.key_ring import KeyRing
from sokuji.access.principal import Principal
from sokuji.access.quotas import Quotas
from sokuji.access.shared_counts import SharedCounts
from sokuji.api.limits import client_address
from sokuji.config.access import AccessSettings, is_loopback
from sokuji.config.keys import Key
from sokuji.errors import Forbidden, TooLarge, Unauthenticated

CLIENT_SECRET_PREFIX = "ek_"
KEY_SUBPROTOCOL = "openai-insecure-api-key."
MIN_SIGNING_KEY_BYTES = 32
"""RFC 7518, section 3.2: as many as the hash has."""
MAX_SESSION_BYTES = 4_800
"""JSON of the session in a client secret. A browser sends the token in a header line, and the servers of
WebSockets accept 8,192 bytes of one."""
_ALGORITHM = "HS256"
JSONObject = dict[str, Any]


class NewClientSecret(NamedTuple):
    """A client secret that has been made."""

    value: str
    expires_at: int
    """Seconds since the epoch."""


class Credentials:
    """Verifies what clients show, and makes client secrets.

    Args:
        signing_key: at least ``MIN_SIGNING_KEY_BYTES``; all with the same one accept each other's secrets.
    """

    def __init__(self, signing_key: bytes) -> None:
        self._signing_key = signing_key
        self._settings = AccessSettings()
        self._keys = KeyRing()
        self._counts = SharedCounts()
        self.quotas = Quotas(self._counts)
        """What clients have used."""

    def apply(self, settings: AccessSettings) -> None:
        """Take over the keys that are accepted, and where their use is counted.

        Raises:
            ConfigError: the key file cannot be read; nothing has changed.
        """
        self._keys.apply(settings)
        self._settings = settings
        if settings.redis_url != self._counts.redis_url:
            self._counts = SharedCounts(settings.redis_url)
            self.quotas = Quotas(self._counts)

    def identify(self, connection: HTTPConnection, key_in_body: str | None = None) -> Principal:
        """The client of a connection.

        Args:
            key_in_body: what it shows where its headers show nothing.

        Raises:
            Unauthenticated: an API key or a client secret that is not accepted; or none, where one is needed.
            Forbidden: no keys are demanded, and the client reaches another address than loopback.
        """
        shown, address = _shown(connection) or key_in_body, client_address(connection.scope)
        key: Key | None = None
        session: JSONObject | None = None
        if shown is not None and shown.startswith(CLIENT_SECRET_PREFIX):
            session, key = self._verify_secret(shown.removeprefix(CLIENT_SECRET_PREFIX))
        elif self._keys.demands_keys:
            key = self._keys.verify(shown)
        elif self._settings.is_loopback_only and not _is_at_loopback(connection):
            raise Forbidden(
                "this service has no API keys and serves clients on its own machine only; its operator can "
                "make keys with 'sokuji keys create', or set access.keyless",
                param="access.keys_file",
            )
        return Principal(address, self._keys, self.quotas, key, session)

    def make_secret(self, session: JSONObject, lifetime_s: int, key: Key | None = None) -> NewClientSecret:
        """A client secret for sessions that begin with ``session``, which has been validated.

        Args:
            key: of the client that asks for it; its limits hold for the sessions, and its end is theirs.

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
        if key is not None:
            claims["key"] = key.id
        token = jwt.encode(claims, self._signing_key, _ALGORITHM)
        return NewClientSecret(CLIENT_SECRET_PREFIX + token, now + lifetime_s)

    def broadcast_id(self, session_id: str) -> str:
        """What others need to listen to a session: the same at every replica, and no way to its id."""
        digest = hmac.digest(self._signing_key, b"broadcast:" + session_id.encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")

    def _verify_secret(self, token: str) -> tuple[JSONObject, Key | None]:
        """The session of a client secret, and the key with which it was made."""
        try:
            claims = jwt.decode(
                token, self._signing_key, [_ALGORITHM], options={"require": ["exp", "session"]}
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the client secret has expired; ask your server for a new one") from None
        except jwt.InvalidTokenError:
            raise Unauthenticated("the client secret is not one of this service") from None
        if not self._keys.demands_keys:
            return claims["session"], None
        if "key" not in claims:
            raise Unauthenticated("the client secret was made without an API key; make a new one with a key")
        return claims["session"], self._keys.current(str(claims["key"]))


def _is_at_loopback(connection: HTTPConnection) -> bool:
    """Whether a client has connected to a loopback address; true where the server does not know."""
    server = connection.scope.get("server")
    host = server[0] if server else ""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    return is_loopback(host)


def shows_credential(connection: HTTPConnection) -> bool:
    """Whether a client shows an API key or a client secret in its headers."""
    return _shown(connection) is not None


def _shown(connection: HTTPConnection) -> str | None:
    """The API key or client secret that a client shows; the header goes before the subprotocol."""
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return key.strip()
    offered: list[str] = connection.scope.get("subprotocols", [])
    keys = [each.removeprefix(KEY_SUBPROTOCOL) for each in offered if each.startswith(KEY_SUBPROTOCOL)]
    return keys[0] if keys else None
