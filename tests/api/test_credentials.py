"""API keys and client secrets, as headers and as subprotocols."""

import logging

import jwt
import pytest
from starlette.requests import HTTPConnection

from sokuji.access.new_key import NewKey, make_key
from sokuji.api.credentials import Credentials
from sokuji.config.access import AccessSettings
from sokuji.config.keys import KeyScope
from sokuji.errors import TooLarge, Unauthenticated

SIGNING_KEY = b"k" * 32
SESSION = {"type": "translation", "model": "gpt-realtime-translate"}


def connection(authorization: str | None = None, *subprotocols: str) -> HTTPConnection:
    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    return HTTPConnection({"type": "websocket", "headers": headers, "subprotocols": list(subprotocols)})


def shown(value: str) -> list[HTTPConnection]:
    """The ways to show a credential."""
    return [
        connection(f"Bearer {value}"),
        connection(f"bearer  {value} "),
        connection(None, "realtime", f"openai-insecure-api-key.{value}", "openai-beta.realtime-v1"),
    ]


def credentials_with(*keys: NewKey, signing_key: bytes = SIGNING_KEY) -> Credentials:
    """Credentials that demand one of the keys."""
    credentials = Credentials(signing_key)
    credentials.apply(AccessSettings(keys=tuple(each.key for each in keys)))
    return credentials


def test_any_key_and_none_is_accepted_while_none_is_demanded() -> None:
    credentials = Credentials(SIGNING_KEY)
    for each in [*shown("sk-anything"), connection(), connection("Basic abc"), connection("Bearer ")]:
        client = credentials.identify(each)
        assert (client.key, client.session) == (None, None)


def test_a_key_is_found_wherever_it_is_shown_and_the_header_goes_first() -> None:
    key, other = make_key("one", KeyScope), make_key("other", KeyScope)
    credentials = credentials_with(key)
    for each in shown(key.value):
        assert credentials.identify(each).key == key.key
    in_subprotocol = f"openai-insecure-api-key.{key.value}"
    for each in [
        *shown(other.value),
        *shown(key.value[:-1] + ("A" if key.value[-1] != "A" else "B")),
        *shown(key.key.sha256),
        *shown(key.key.id),
        connection(),
        connection(f"Basic {key.value}"),
        connection(None, "realtime"),
        connection(f"Bearer {other.value}", in_subprotocol),
    ]:
        with pytest.raises(Unauthenticated) as refusal:
            credentials.identify(each)
        assert refusal.value.param == "Authorization"
        assert not any(each.value in str(refusal.value) for each in (key, other))


def test_a_client_secret_has_its_session_and_is_accepted_by_all_with_the_same_key() -> None:
    secret = Credentials(SIGNING_KEY).make_secret(SESSION, 600)
    assert secret.value.startswith("ek_")
    credentials = Credentials(SIGNING_KEY)
    for each in shown(secret.value):
        assert credentials.identify(each).session == SESSION
        assert credentials.identify(each).session == SESSION, "it can be used again"


def test_a_client_secret_ends_with_the_key_that_made_it() -> None:
    key, other = make_key("one", KeyScope), make_key("other", KeyScope)
    credentials = credentials_with(key, other)
    secret = credentials.make_secret(SESSION, 600, key.key).value
    client = credentials.identify(connection(f"Bearer {secret}"))
    assert (client.key, client.session) == (key.key, SESSION)
    credentials.apply(AccessSettings(keys=(other.key,)))
    with pytest.raises(Unauthenticated, match="revoked"):
        credentials.identify(connection(f"Bearer {secret}"))


def test_a_client_secret_from_a_time_without_keys_is_refused_once_they_are_demanded() -> None:
    secret = Credentials(SIGNING_KEY).make_secret(SESSION, 600).value
    with pytest.raises(Unauthenticated, match="without an API key"):
        credentials_with(make_key("one", KeyScope)).identify(connection(f"Bearer {secret}"))


def test_client_secrets_that_are_forged_or_expired_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = Credentials(SIGNING_KEY)
    good = credentials.make_secret(SESSION, 600).value
    bad = [
        credentials.make_secret(SESSION, -1).value,
        Credentials(b"x" * 32).make_secret(SESSION, 600).value,
        "ek_",
        "ek_\u00e9\u4e2d",
        good[:-8] + ("AAAAAAAA" if good[-8:] != "AAAAAAAA" else "BBBBBBBB"),
        "ek_" + jwt.encode({"exp": 2**33, "session": SESSION}, "", "none"),
        "ek_" + jwt.encode({"session": SESSION}, SIGNING_KEY, "HS256"),
        "ek_" + jwt.encode({"exp": 2**33}, SIGNING_KEY, "HS256"),
    ]
    for value in bad:
        offered = connection(None, f"openai-insecure-api-key.{value}")
        with pytest.raises(Unauthenticated) as refusal:
            credentials.identify(offered)
        assert value not in refusal.value.message or value == "ek_"
    assert good not in caplog.text


def test_a_session_that_is_too_long_for_a_header_is_refused() -> None:
    credentials = Credentials(SIGNING_KEY)
    line = "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key."
    fitting = {"instructions": "x" * 4_770}
    assert len(line + credentials.make_secret(fitting, 600).value) < 8_192
    with pytest.raises(TooLarge) as refusal:
        credentials.make_secret({"instructions": "x" * 4_800}, 600)
    assert refusal.value.param == "session"
