"""Whatever closes a session, what was said before is delivered first: its final, translation and voice."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sokuji.api import session_connection
from sokuji.config import GatewaySettings, Limits, StreamingSettings
from tests.api.bridge.asgi_client import AsgiClient, connected_service, finish
from tests.support.fake_stages import FakeStt, FakeTts
from tests.support.speech import noise, sample, silence

SENTENCE = sample("pt", "ola_mundo")
"""Without the silence that would end the utterance."""


async def told(client: AsgiClient) -> list[dict[str, Any]]:
    """Every frame up to the close frame, which comes last."""
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1]["type"] != "close":
        frames.append(await client.next_frame())
    return frames


def idle(client: AsgiClient) -> None:
    """Say nothing more."""


def send_bad_frames(client: AsgiClient) -> None:
    for _ in range(101):
        client.send(type="audio", data="?")


def speak_too_long(client: AsgiClient) -> None:
    client.speak(silence(20_000))


WAYS = [
    pytest.param(Limits(idle_timeout_s=0.3), idle, 1008, "no frame", id="idle"),
    pytest.param(Limits(), send_bad_frames, 1008, "bad messages", id="bad frames"),
    pytest.param(Limits(max_session_s=20), speak_too_long, 1009, "20 s", id="session too long"),
]


@pytest.mark.parametrize(("limits", "act", "code", "reason"), WAYS)
@pytest.mark.parametrize("output", ["audio", "captions"])
async def test_an_error_that_closes_a_session_comes_behind_all_results(
    limits: Limits, act: Callable[[AsgiClient], None], code: int, reason: str, output: str
) -> None:
    async with connected_service(GatewaySettings(limits=limits)) as server:
        client = server.connect()
        client.configure(source_language="pt", output=output)
        client.speak(silence(300) + SENTENCE)
        act(client)
        frames = await told(client)
    assert_delivered(frames, voiced=output == "audio")
    assert frames[-1]["code"] == code
    assert (frames[-2]["type"], frames[-2]["fatal"]) == ("error", True)
    assert reason in frames[-2]["message"]
    assert "done" not in [each["type"] for each in frames]


@pytest.mark.parametrize("drain_s", [0.05, 10])
@pytest.mark.slow
async def test_a_drain_delivers_what_was_said_also_if_the_speaker_does_not_pause_in_time(
    drain_s: float,
) -> None:
    settings = GatewaySettings(streaming=StreamingSettings(drain_s=drain_s))
    async with connected_service(settings) as server:
        client = server.connect()
        client.configure(source_language="pt")
        client.speak(silence(300) + SENTENCE)
        await client.until("speech")
        server.service.drain()
        frames = await told(client)
    assert_delivered(frames, voiced=True)
    assert frames[-1]["code"] == 1012
    acks = [each["through_ms"] for each in frames if each["type"] == "ack"]
    assert acks[-1] >= (300 + len(SENTENCE) // 32) - 500


async def test_a_drain_leaves_what_waits_of_a_file_to_the_next_connection() -> None:
    limits = Limits(max_backlog_s=30, max_waiting_bytes=2**20)
    utterance, count = SENTENCE + noise(1_000), 100
    stt = FakeStt(delay_s=0.1)
    async with connected_service(GatewaySettings(limits=limits), stt=stt) as server:
        client = server.connect()
        client.configure(source_language="pt", output="captions")
        for _ in range(count):
            client.speak(utterance)
        await client.until("transcription")
        server.service.drain()
        frames = await told(client)
    kinds = [each["type"] for each in frames]
    finals = [each for each in frames if each["type"] == "transcription"]
    acks = [each["through_ms"] for each in frames if each["type"] == "ack"]
    assert "draining" in kinds
    assert "done" not in kinds
    assert frames[-1]["code"] == 1012
    assert finals[-1]["end_ms"] <= acks[-1] < len(utterance) // 32 * count


async def test_a_client_that_ends_gets_everything_and_done() -> None:
    async with connected_service() as server:
        client = server.connect()
        client.configure(source_language="pt")
        client.speak(silence(300) + SENTENCE)
        client.send(type="end")
        frames = await told(client)
    assert_delivered(frames, voiced=True)
    assert [each["type"] for each in frames[-2:]] == ["done", "close"]
    assert frames[-1]["code"] == 1000


async def test_a_client_that_leaves_leaves_no_work_behind() -> None:
    tts = FakeTts(50)
    tts.gate.clear()
    async with connected_service(tts=tts) as server:
        client = server.connect()
        client.configure(source_language="pt")
        client.speak(SENTENCE + silence(1_000))
        await client.until("translation")
        client.leave()
    assert tts.under_way == 0


async def test_a_client_that_leaves_while_its_last_words_are_worked_off_is_let_go() -> None:
    tts = FakeTts(50)
    tts.gate.clear()
    async with connected_service(tts=tts) as server:
        client = server.connect()
        client.configure(source_language="pt")
        client.speak(SENTENCE + silence(1_000))
        send_bad_frames(client)
        await client.until("translation")
        client.leave()
    assert tts.under_way == 0


def assert_delivered(frames: list[dict[str, Any]], *, voiced: bool) -> None:
    kinds = [each["type"] for each in frames]
    assert kinds.count("transcription") == 1
    assert next(each for each in frames if each["type"] == "transcription")["is_final"]
    assert kinds.count("translation") == 1
    assert any(each["type"] == "audio" and each["last"] for each in frames) == voiced


@pytest.mark.slow
async def test_a_client_that_is_held_back_is_not_idle() -> None:
    stt, count = FakeStt(), 60
    stt.gate.clear()
    limits = Limits(idle_timeout_s=0.3, max_waiting_bytes=2**20)
    async with connected_service(GatewaySettings(limits=limits), stt=stt) as server:
        client = server.connect()
        client.configure(source_language="pt", output="captions")
        for _ in range(count):
            client.speak(SENTENCE + noise(1_000))
        client.send(type="end")
        await asyncio.sleep(1)
        assert not client.sent.empty()
        stt.gate.set()
        frames = await told(client)
    assert [each["type"] for each in frames].count("transcription") == count
    assert frames[-1]["code"] == 1000


async def test_a_client_that_reads_nothing_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session_connection, "CLOSE_TIMEOUT_S", 0.1)
    async with connected_service(GatewaySettings(limits=Limits(idle_timeout_s=0.3))) as server:
        client = server.connect(max_unread=1)
        client.configure(source_language="pt")
        client.speak(SENTENCE)
        client.send(type="end")
    assert "read nothing for 0.3 s" in caplog.text
    assert client.received.qsize() == 1


async def test_a_client_that_ends_without_a_session_is_told_so_and_closed() -> None:
    async with connected_service() as server:
        client = server.connect()
        client.configure(voice_id="nobody")
        for _ in range(5):
            client.speak()
        client.send(type="end")
        frames = await told(client)
    assert [each["type"] for each in frames] == ["error"] * 7 + ["close"]
    assert [each["fatal"] for each in frames[:-1]] == [False] * 6 + [True]
    assert frames[0]["param"] == "voice_id"
    assert frames[-2]["message"].startswith("end came before")
    assert frames[-1]["code"] == 1008


async def test_audio_of_a_client_without_a_session_is_refused_and_bounded() -> None:
    async with connected_service() as server:
        client = server.connect()
        client.configure(voice_id="nobody")
        for _ in range(1_000):
            client.speak()
        frames = await told(client)
    assert len(frames) < 110
    assert frames[-1]["code"] == 1008


@pytest.mark.parametrize("bad_configs", [0, 3])
async def test_a_socket_that_never_gets_a_good_config_is_closed(bad_configs: int) -> None:
    async with connected_service(GatewaySettings(limits=Limits(config_timeout_s=0.3))) as server:
        client = server.connect()
        for _ in range(bad_configs):
            client.configure(voice_id="nobody")
        frames = await told(client)
    assert len(frames) == bad_configs + 2
    assert "0.3 s" in frames[-2]["message"]
    assert frames[-1]["code"] == 1008


async def test_the_time_for_a_config_holds_from_the_next_socket_on_when_it_changes() -> None:
    async with connected_service() as server:
        early = server.connect()
        await asyncio.sleep(0)
        server.service.apply(GatewaySettings(limits=Limits(config_timeout_s=0.1)))
        late = server.connect()
        assert (await late.until("close"))["code"] == 1008
        early.configure()
        await early.until("ready")
        await finish(early)


@pytest.mark.parametrize("size", [1, 333, 1_021, 4_095])
@pytest.mark.parametrize("encoded", [False, True])
async def test_a_session_may_have_frames_of_any_size(size: int, encoded: bool) -> None:
    pcm = silence(300) + SENTENCE + silence(1_000)
    if size == 1:
        pcm = pcm[:2_001]
    async with connected_service() as server:
        client = server.connect()
        client.configure(source_language="pt")
        for start in range(0, len(pcm), size):
            client.speak(pcm[start : start + size], encoded=encoded)
        client.send(type="end")
        frames = await told(client)
    acks = [each["through_ms"] for each in frames if each["type"] == "ack"]
    assert acks[-1] == round(len(pcm) // 2 / 16)
    assert not [each for each in frames if each["type"] == "error"]
    if size > 1:
        assert_delivered(frames, voiced=True)
