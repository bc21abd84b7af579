"""Client secrets: made by a server, used by a browser, accepted by every replica, strictly typed."""

import time
from typing import Any

import jwt
import pytest
from openai.types.realtime import (
    RealtimeSessionCreateResponse,
    RealtimeTranscriptionSessionCreateResponse,
    RealtimeTranslationClientSecretCreateResponse,
)

from sokuji.api.openai.client_secrets import ClientSecretResponse
from tests.support.openai_types import validated
from tests.support.rest_client import rest_client

TRANSLATIONS = "/v1/realtime/translations/client_secrets"
REALTIME = "/v1/realtime/client_secrets"
TRANSLATION = {
    "model": "gpt-realtime-translate",
    "audio": {
        "input": {"transcription": {"model": "whisper-1"}, "noise_reduction": {"type": "near_field"}},
        "output": {"language": "pt", "glossary": {"Acme": "Acme"}},
    },
}


def claims(value: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(value.removeprefix("ek_"), options={"verify_signature": False})
    return found


async def test_a_translation_secret_has_the_session_that_was_asked_for() -> None:
    async with rest_client() as (client, _):
        response = await client.post(TRANSLATIONS, json={"session": TRANSLATION})
    assert response.status_code == 200, response.text
    made = validated(
        RealtimeTranslationClientSecretCreateResponse, response.json(), "session.audio.output.glossary"
    )
    assert made.value.startswith("ek_")
    assert 590 < made.expires_at - time.time() <= 601
    assert (made.session.model, made.session.type) == ("gpt-realtime-translate", "translation")
    assert made.session.audio.output is not None
    assert made.session.audio.output.language == "pt"
    assert claims(made.value)["session"] == {"type": "translation", **TRANSLATION}


@pytest.mark.parametrize("seconds", [10, 7_200])
async def test_the_client_may_choose_when_it_expires(seconds: int) -> None:
    async with rest_client() as (client, _):
        body = {
            "session": {"model": "gpt-realtime-translate"},
            "expires_after": {"anchor": "created_at", "seconds": seconds},
        }
        response = await client.post(TRANSLATIONS, json=body)
    made = ClientSecretResponse.model_validate(response.json())
    assert made.expires_at == claims(made.value)["exp"]
    assert claims(made.value)["exp"] - claims(made.value)["iat"] == seconds


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "session"),
        ({"session": 5}, 400, "session"),
        ({"session": {}}, 400, "session.model"),
        ({"session": {"model": "gpt-9"}}, 404, "session.model"),
        ({"session": {"model": "gpt-realtime-translate", "type": "realtime"}}, 400, "session.type"),
        (
            {"session": TRANSLATION | {"audio": {"output": {"language": "xx"}}}},
            422,
            "session.audio.output.language",
        ),
        (
            {"session": TRANSLATION | {"audio": {"output": {"voice": "nobody"}}}},
            422,
            "session.audio.output.voice",
        ),
        (
            {"session": TRANSLATION | {"audio": {"output": {"speed": 9}}}},
            400,
            "session.audio.output.speed",
        ),
        (
            {"session": TRANSLATION | {"audio": {"input": {"transcription": {"model": "tts-1"}}}}},
            400,
            "session.audio.input.transcription.model",
        ),
        ({"session": TRANSLATION, "expires_after": {"seconds": 9}}, 400, "expires_after.seconds"),
        ({"session": TRANSLATION, "expires_after": {"seconds": 7_201}}, 400, "expires_after.seconds"),
        ({"session": TRANSLATION, "expires_after": {"anchor": "now"}}, 400, "expires_after.anchor"),
    ],
)
async def test_a_translation_secret_is_refused_with_the_field_at_fault(
    body: dict[str, Any], status: int, param: str
) -> None:
    async with rest_client() as (client, _):
        response = await client.post(TRANSLATIONS, json=body)
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (status, param), error
    assert error["type"] == "invalid_request_error"


async def test_realtime_secrets_are_of_both_kinds_of_session() -> None:
    conversation = {
        "type": "realtime",
        "model": "gpt-realtime",
        "instructions": "Translate into Portuguese.",
        "output_modalities": ["audio"],
        "max_output_tokens": "inf",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "turn_detection": {"type": "semantic_vad", "eagerness": "low"},
                "transcription": {"model": "whisper-1", "language": "pt"},
            },
            "output": {"voice": "marin", "speed": 1.25, "format": {"type": "audio/pcmu"}},
        },
    }
    transcription = {
        "type": "transcription",
        "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.6}}},
    }
    silent = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    async with rest_client() as (client, _):
        for session, kind in (
            (None, RealtimeSessionCreateResponse),
            (conversation, RealtimeSessionCreateResponse),
            (silent, RealtimeSessionCreateResponse),
            (transcription, RealtimeTranscriptionSessionCreateResponse),
        ):
            response = await client.post(REALTIME, json={} if session is None else {"session": session})
            assert response.status_code == 200, response.text
            body = response.json()
            assert set(body) == {"value", "expires_at", "session"}
            validated(kind, body["session"], "audio.output.language")
            assert contains(body["session"], session or {"type": "realtime"})
            assert claims(body["value"])["session"] == (session or {"type": "realtime"})


def contains(shown: Any, asked: Any) -> bool:
    """Whether all that was asked for is shown."""
    if isinstance(asked, dict):
        return all(name in shown and contains(shown[name], value) for name, value in asked.items())
    return bool(shown == asked)


@pytest.mark.parametrize(
    ("session", "status", "param"),
    [
        ({"type": "assistant"}, 400, "session.type"),
        ({"type": "realtime", "model": "gpt-9"}, 404, "session.model"),
        ({"type": "realtime", "tools": [{"type": "function"}]}, 400, "session.tools"),
        ({"type": "realtime", "instructions": "x" * 5_000}, 413, "session"),
        (
            {
                "type": "transcription",
                "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 7}}},
            },
            400,
            "session.audio.input.turn_detection.threshold",
        ),
        (
            {"type": "transcription", "audio": {"input": {"transcription": {"model": "tts-1"}}}},
            400,
            "session.audio.input.transcription.model",
        ),
    ],
)
async def test_a_realtime_secret_is_refused_with_the_field_at_fault(
    session: dict[str, Any], status: int, param: str
) -> None:
    async with rest_client() as (client, _):
        response = await client.post(REALTIME, json={"session": session})
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (status, param), error


async def test_a_client_secret_makes_no_other_one() -> None:
    async with rest_client() as (client, _):
        made = (await client.post(REALTIME, json={})).json()["value"]
        kinds = {401: "authentication_error", 403: "invalid_request_error"}
        for key, status in ((made, 403), (made + "x", 401), ("sk-any", 200)):
            for path, body in ((REALTIME, {}), (TRANSLATIONS, {"session": TRANSLATION})):
                response = await client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})
                assert response.status_code == status
                if status != 200:
                    assert response.json()["error"]["type"] == kinds[status]
                    assert key not in response.text
