"""Bad input at the translation door: one error that names field and event, and the socket lives on."""

import asyncio
import time
from typing import Any

import pytest

from sokuji.api.openai.wire import encode_audio
from sokuji.config import AdmissionSettings, GatewaySettings, Limits, OpenAISettings
from tests.api.openai.translations.clients import TranslationClient, TranslationService, translation_service
from tests.api.openai.translations.events import EXTENSIONS, appends, audio_of, spoken, text_of
from tests.support.fake_stages import FakeStt
from tests.support.working_stt import WorkingStt


def audio(**output: Any) -> dict[str, Any]:
    return {"audio": {"output": output}}


BAD_SESSIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "realtime"}, "invalid_request", "session.type"),
    ({"type": None}, "invalid_request", "session.type"),
    ({"model": "gpt-realtime"}, "invalid_request", "session.model"),
    ({"model": None}, "invalid_request", "session.model"),
    (audio(language="xx"), "unsupported_language", "session.audio.output.language"),
    (audio(language="ja"), "unsupported_language", "session.audio.output.language"),
    (audio(languages=["en", "xx"]), "unsupported_language", "session.audio.output.languages"),
    (audio(languages=[]), "invalid_request", "session.audio.output.languages"),
    (audio(language=5), "invalid_request", "session.audio.output.language"),
    (audio(voice="nobody"), "unknown_voice", "session.audio.output.voice"),
    (audio(voice={"id": ""}), "invalid_request", "session.audio.output.voice"),
    (audio(voice={"name": "joe"}), "invalid_request", "session.audio.output.voice"),
    (audio(speed=9), "invalid_request", "session.audio.output.speed"),
    (audio(glossary={"": "x"}), "invalid_request", "session.audio.output.glossary"),
    (audio(echo="yes"), "invalid_request", "session.audio.output.echo"),
    ({"audio": 5}, "invalid_request", "session.audio"),
    ({"audio": {"input": {"language": "xx"}}}, "unsupported_language", "session.audio.input.language"),
    (
        {"audio": {"input": {"transcription": {}}}},
        "invalid_request",
        "session.audio.input.transcription.model",
    ),
    (
        {"audio": {"input": {"transcription": {"model": "gpt-9"}}}},
        "model_not_found",
        "session.audio.input.transcription.model",
    ),
    (
        {"audio": {"input": {"noise_reduction": {"type": "loud"}}}},
        "invalid_request",
        "session.audio.input.noise_reduction.type",
    ),
    (
        {"audio": {"input": {"noise_reduction": {"type": "near_field", "strength": 2}}}},
        "invalid_request",
        "session.audio.input.noise_reduction.strength",
    ),
    ({"session_id": "sess_1"}, "invalid_request", "session.session_id"),
    ({"session_id": "sess_" + 24 * "0"}, "invalid_request", "session.resume_from_ms"),
    ({"resume_from_ms": 5}, "invalid_request", "session.resume_from_ms"),
]


async def translate_well(client: TranslationClient) -> None:
    """The connection still translates, with the settings that it had."""
    before = len(client.events)
    client.send_all(appends(spoken()))
    client.finish()
    assert await client.until_closed() == 1000
    assert text_of(client.events[before:], "output_transcript") == "en: bom dia"
    assert audio_of(client.events)


async def test_a_bad_update_names_its_field_and_its_event_and_changes_nothing() -> None:
    async with translation_service(FakeStt("bom dia")) as server:
        for opened in (False, True):
            client = server.connect(*EXTENSIONS)
            if opened:
                client.update({"output": {"language": "en"}})
                await client.until("session.updated")
            for number, (session, code, param) in enumerate(BAD_SESSIONS):
                client.update(event_id=f"mine-{number}", **session)
                error = await client.error()
                assert (error["code"], error["param"]) == (code, param), error
                assert error["event_id"] == f"mine-{number}"
                assert error["type"] == "invalid_request_error"
            client.finish()
            assert await client.until_closed() == 1000


async def test_frames_that_are_no_events_of_this_door() -> None:
    cases: list[tuple[str, str | None, str | None]] = [
        ("{", None, None),
        ("[]", "type", None),
        ("5", "type", None),
        ("{}", "type", None),
        ('{"type": 5}', "type", None),
        ('{"type": "response.create", "event_id": "e1"}', "type", "e1"),
        ('{"type": "input_audio_buffer.append", "audio": ""}', "type", None),
        ('{"type": "session.update", "event_id": "e2"}', "session", "e2"),
        ('{"type": "session.update", "session": 1}', "session", None),
        ('{"type": "session.input_audio_buffer.append", "event_id": "e3"}', "audio", "e3"),
        ('{"type": "session.input_audio_buffer.append", "audio": 1}', "audio", None),
        ('{"type": "session.input_audio_buffer.append", "audio": "AA=A", "event_id": "e4"}', "audio", "e4"),
        ('{"type": "session.input_audio_buffer.append", "audio": "A\u00e9AA"}', "audio", None),
        ('{"type": "session.close", "event_id": "' + "x" * 513 + '"}', "event_id", None),
        ("[" * 100_000, None, None),
    ]
    async with translation_service(FakeStt("bom dia")) as server:
        client = server.connect()
        for frame, param, event_id in cases:
            client.send(frame)
            error = await client.error()
            assert (error["param"], error["event_id"]) == (param, event_id), (frame[:80], error)
        client.send_bytes(b"\0\0")
        assert "binary" in (await client.error())["message"]
        client.send({"type": "session.close", "event_id": "x" * 512})
        assert await client.until_closed() == 1000


async def test_an_event_that_is_too_large_is_refused_and_the_socket_lives_on() -> None:
    settings = GatewaySettings(openai=OpenAISettings(max_event_bytes=100_000))
    async with translation_service(FakeStt("bom dia"), settings=settings) as server:
        client = server.connect()
        client.send({"type": "session.input_audio_buffer.append", "audio": encode_audio(bytes(100_000))})
        error = await client.error()
        assert (error["code"], error["param"]) == ("too_large", "audio")
        assert "100000" in error["message"]
        await translate_well(client)


async def test_events_after_the_close_are_errors_and_nothing_is_lost() -> None:
    async with translation_service(FakeStt("bom dia")) as server:
        client = server.connect()
        client.send_all(appends(spoken()))
        client.finish()
        client.send({"type": "session.input_audio_buffer.append", "audio": "AAAA", "event_id": "late"})
        assert await client.until_closed() == 1000
    errors = [event["error"] for event in client.events if event["type"] == "error"]
    assert [error["event_id"] for error in errors] == ["late"]
    assert text_of(client.events, "output_transcript") == "en: bom dia"


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"model": "gpt-9"}, "model"),
        ({"intent": "transcription"}, "intent"),
        ({"session_id": "mine", "resume_from_ms": 1}, "session_id"),
        ({"session_id": "sess_" + 24 * "a"}, "resume_from_ms"),
        ({"session_id": "sess_" + 24 * "a", "resume_from_ms": "soon"}, "resume_from_ms"),
        ({"resume_from_ms": 100}, "resume_from_ms"),
        ({"acknowledgements": "often"}, "acknowledgements"),
    ],
)
async def test_a_bad_url_is_an_error_before_the_session_is_created(query: dict[str, Any], param: str) -> None:
    async with translation_service() as server:
        client = server.connect(**query)
        assert (await client.error())["param"] == param
        assert await client.until_closed() == 1008
    assert len(client.events) == 1


async def test_the_beta_of_another_api_is_refused() -> None:
    async with translation_service() as server:
        client = server.connect(subprotocols=["realtime", "openai-beta.realtime-v1"])
        assert (await client.error())["param"] == "Sec-WebSocket-Protocol"
        assert await client.until_closed() == 1008


async def test_client_secrets_open_their_own_session_alone() -> None:
    async with translation_service(FakeStt("bom dia")) as server:
        make = server.service.credentials.make_secret
        right = {
            "type": "translation",
            "model": "gpt-realtime-translate",
            "audio": {"output": {"language": "pt"}},
        }
        client = server.connect(key=make(right, 60).value)
        created = await client.until("session.created")
        assert created["session"]["audio"]["output"]["language"] == "pt"
        client.finish()
        await client.until_closed()
        for session, query in (
            ({"type": "realtime"}, {}),
            (right, {"model": "gpt-realtime-translate-2"}),
        ):
            client = server.connect(key=make(session, 60).value, **query)
            assert (await client.error())["param"] in ("type", "model")
            assert await client.until_closed() == 1008


async def test_a_session_outlives_its_client_secret() -> None:
    async with translation_service(FakeStt("bom dia")) as server:
        credentials = server.service.credentials
        secret = credentials.make_secret({"type": "translation", "model": "gpt-realtime-translate"}, 4)
        client = server.connect(key=secret.value)
        await client.until("session.created")
        while time.time() < secret.expires_at:
            await asyncio.sleep(0.05)
        late = server.connect(key=secret.value)
        assert await late.until_closed() == 1008
        assert late.events == []
        await translate_well(client)


async def test_a_socket_on_which_nothing_is_sent_is_closed_when_it_has_been_idle_for_too_long() -> None:
    settings = GatewaySettings(limits=Limits(idle_timeout_s=0.3, config_timeout_s=0.05))
    async with translation_service(settings=settings) as server:
        client = server.connect()
        await client.until("session.created")
        await asyncio.sleep(0.1)
        assert len(server.service.sessions) == 1, "it may wait for longer than a client of the bridge"
        await client.error()
        assert await client.until_closed() == 1008


async def test_a_client_without_configuration_and_audio_gets_the_end_that_it_asks_for() -> None:
    async with translation_service() as server:
        client = server.connect()
        client.finish()
        assert await client.until_closed() == 1000
    assert [event["type"] for event in client.events] == ["session.created", "session.closed"]


async def test_load_is_refused_with_1013_and_a_drain_with_1012() -> None:
    settings = GatewaySettings(limits=Limits(ws_max_connections=2))
    async with translation_service(FakeStt("bom dia"), settings=settings) as server:
        waiting, speaking = server.connect(), server.connect()
        await waiting.until("session.created")
        speaking.send_all(appends(spoken()))
        await speaking.until("session.output_audio.delta")
        refused = server.connect()
        assert (await refused.error())["code"] == "overloaded"
        assert await refused.until_closed() == 1013
        server.service.drain()
        assert await waiting.until_closed() == 1012
        assert await speaking.until_closed() == 1012
    assert text_of(speaking.events, "output_transcript") == "en: bom dia"
    assert speaking.events[-1]["type"] != "session.closed", "the client has to go on elsewhere"


async def test_a_session_for_which_there_is_no_room_is_refused_with_1013() -> None:
    settings = GatewaySettings(admission=AdmissionSettings(enabled=True, initial_sessions=1))
    async with translation_service(WorkingStt(cost=0.1), settings=settings) as server:
        admitted, refused = server.connect(), server.connect()
        for each in (admitted, refused):
            each.update({"output": {"language": "en"}})
        await admitted.until("session.updated")
        error = await refused.error()
        assert (error["code"], await refused.until_closed()) == ("overloaded", 1013)
        assert "try again in" in error["message"]
        admitted.finish()
        assert await admitted.until_closed() == 1000


async def _resume(server: TranslationService, by_url: bool) -> tuple[TranslationClient, TranslationClient]:
    pcm = spoken()
    first = server.connect("session.acknowledged", acknowledgements=True)
    session_id = (await first.until("session.created"))["session"]["id"]
    first.send_all(appends(pcm))
    ack = await first.until("session.acknowledged")
    while ack["through_ms"] < 900:
        ack = await first.until("session.acknowledged")
    first.send_all(appends(pcm[: len(pcm) // 2]))
    first.leave()
    await first.serving
    where = {
        "session_id": session_id,
        "resume_from_ms": ack["through_ms"],
        "resume_text": ack["text"],
        "acknowledgements": True,
    }
    second = server.connect("session.acknowledged", **(where if by_url else {}))
    if not by_url:
        second.update(**where)
        assert (await second.until("session.updated"))["session"]["id"] == session_id
    twice = pcm + pcm
    second.send_all(appends(twice[48 * ack["through_ms"] :]))
    second.finish()
    assert await second.until_closed() == 1000
    assert second.events[-2]["type"] == "session.acknowledged"
    assert second.events[-2]["through_ms"] == pytest.approx(len(twice) / 48, abs=2)
    return first, second


@pytest.mark.parametrize("by_url", [True, False])
async def test_a_client_that_lost_its_connection_goes_on_without_a_loss(by_url: bool) -> None:
    async with translation_service(FakeStt("bom dia", "até logo", "até logo")) as server:
        first, second = await _resume(server, by_url)
    received = [*first.events, *second.events]
    assert text_of(received, "output_transcript") == "en: bom dia en: até logo"
    elapsed = [event["elapsed_ms"] for event in received if "elapsed_ms" in event]
    assert elapsed == sorted(elapsed)


async def test_only_the_first_update_can_resume() -> None:
    async with translation_service() as server:
        client = server.connect()
        client.update({"output": {"language": "en"}})
        await client.until("session.updated")
        client.update(session_id="sess_" + 24 * "0", resume_from_ms=0)
        assert (await client.error())["param"] == "session.session_id"
        client.finish()
        await client.until_closed()
