"""API keys and client secrets, as headers and as subprotocols."""

import logging

import jwt
import pytest
from starlette.requests import HTTPConnection

from sokuji.api.credentials import ApiKeys, ClientSecret, Credentials
from sokuji.errors import TooLarge, Unauthenticated

KEY = b"k" * 32
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


class OneKey(ApiKeys):
    """Accepts one key."""

    def check(self, key: str | None) -> None:
        if key != "sk-right":
            raise Unauthenticated("not the key")


def test_any_key_and_none_is_accepted_while_none_is_configured() -> None:
    credentials = Credentials(KEY)
    for each in [*shown("sk-anything"), connection(), connection("Basic abc"), connection("Bearer ")]:
        assert credentials.verify(each) is None


def test_the_hook_for_keys_is_asked_wherever_the_key_stands() -> None:
    credentials = Credentials(KEY, OneKey())
    for each in shown("sk-right"):
        assert credentials.verify(each) is None
    for each in [
        *shown("sk-wrong"),
        connection(),
        connection("Basic sk-right"),
        connection(None, "realtime"),
    ]:
        with pytest.raises(Unauthenticated):
            credentials.verify(each)
    with pytest.raises(Unauthenticated):
        credentials.verify(connection("Bearer sk-wrong", "openai-insecure-api-key.sk-right"))


def test_a_client_secret_has_its_session_and_is_accepted_by_all_with_the_same_key() -> None:
    secret = Credentials(KEY).make_secret(SESSION, 600)
    assert secret.value.startswith("ek_")
    for credentials in (Credentials(KEY), Credentials(KEY, OneKey())):
        for each in shown(secret.value):
            assert credentials.verify(each) == ClientSecret(SESSION)
            assert credentials.verify(each) == ClientSecret(SESSION), "it can be used again"


def test_client_secrets_that_are_forged_or_expired_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = Credentials(KEY)
    good = credentials.make_secret(SESSION, 600).value
    bad = [
        credentials.make_secret(SESSION, -1).value,
        Credentials(b"x" * 32).make_secret(SESSION, 600).value,
        "ek_",
        "ek_\u00e9\u4e2d",
        good[:-8] + ("AAAAAAAA" if good[-8:] != "AAAAAAAA" else "BBBBBBBB"),
        "ek_" + jwt.encode({"exp": 2**33, "session": SESSION}, "", "none"),
        "ek_" + jwt.encode({"session": SESSION}, KEY, "HS256"),
        "ek_" + jwt.encode({"exp": 2**33}, KEY, "HS256"),
    ]
    for value in bad:
        offered = connection(None, f"openai-insecure-api-key.{value}")
        with pytest.raises(Unauthenticated) as refusal:
            credentials.verify(offered)
        assert value not in refusal.value.message or value == "ek_"
    assert good not in caplog.text


def test_a_session_that_is_too_long_for_a_header_is_refused() -> None:
    credentials = Credentials(KEY)
    line = "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key."
    fitting = {"instructions": "x" * 4_770}
    assert len(line + credentials.make_secret(fitting, 600).value) < 8_192
    with pytest.raises(TooLarge) as refusal:
        credentials.make_secret({"instructions": "x" * 4_800}, 600)
    assert refusal.value.param == "session"
