"""Recordings: only of sessions that are named, with audio only if that is permitted twice, not for ever."""

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from sokuji.api.app import build_app
from sokuji.api.service import Service
from sokuji.config import DebugSettings, GatewaySettings, parse_gateway
from sokuji.debug import recording_writer
from sokuji.debug.recording_writer import RecordingWriter
from sokuji.debug.retention import prune
from sokuji.debug.session_recording import SessionRecording
from sokuji.errors import ConfigError
from sokuji.events import Ack, Audio
from tests.support.asgi_socket import AsgiSocket
from tests.support.decoders import shared_decoders
from tests.support.fake_stages import ready_pipeline
from tests.support.speech import sample

SPEECH = sample("pt", "contagem")
OLD = "20260101T000000000000-"


async def service_of(**debug: Any) -> Service:
    settings = GatewaySettings(debug=DebugSettings(**debug))
    return Service(await ready_pipeline(), settings, decoders=shared_decoders())


async def converse(service: Service) -> str:
    """One conversation of one utterance; returns the session's id."""
    socket = AsgiSocket(build_app(service), "/api/v1/ws/translate", headers={"X-Request-Id": "r1"})
    socket.send({"type": "config", "source_language": "pt", "target_language": "en"})
    session_id: str = (await socket.until("ready"))["session_id"]
    socket.send(SPEECH)
    socket.send({"type": "end"})
    await socket.until("done")
    await socket.leave()
    service.debug_recordings.close()
    return session_id


def files(folder: Path) -> dict[str, bytes]:
    """What is behind the first dot of a name -> content."""
    return {path.name.partition(".")[2]: path.read_bytes() for path in folder.iterdir()}


async def test_a_session_is_recorded_with_its_words_and_without_audio(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    session_id = await converse(await service_of(directory=str(folder), sessions=["*"]))
    (path,) = folder.iterdir()
    assert session_id in path.name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] | {"at": ""} == {
        "at": "", "event": "recording", "request_id": "r1", "session_id": session_id,
    }  # fmt: skip
    kinds = [line["event"] for line in lines]
    assert [
        kinds.index(kind) for kind in ("ready", "transcription", "translation", "audio", "done")
    ] == sorted(kinds.index(kind) for kind in ("ready", "transcription", "translation", "audio", "done"))
    (translation,) = [line for line in lines if line["event"] == "translation"]
    assert translation["text"].startswith("en: utterance")
    assert all(line["bytes"] > 0 and line["pcm"] is None for line in lines if line["event"] == "audio")


async def test_audio_is_kept_as_it_came_and_as_it_went(tmp_path: Path) -> None:
    await converse(await service_of(directory=str(tmp_path), sessions=["*"], audio=True))
    kept = files(tmp_path)
    assert kept["in.pcm"] == SPEECH
    assert len(kept["en.pcm"]) == 2 * 2 * 2_205


async def test_other_sessions_are_not_recorded(tmp_path: Path) -> None:
    await converse(await service_of(directory=str(tmp_path), sessions=["another"], audio=True))
    assert files(tmp_path) == {}


async def test_a_running_session_is_recorded_once_it_is_named(tmp_path: Path) -> None:
    writer = RecordingWriter()
    recording = SessionRecording(writer, "s1")
    recording.event(Ack(1))
    for sessions in (("s1",), ()):
        writer.apply(DebugSettings(directory=str(tmp_path), sessions=sessions))
        recording.event(Ack(2))
    writer.close()
    lines = files(tmp_path)["events.jsonl"].splitlines()
    assert [json.loads(line).get("through_ms") for line in lines] == [None, 2]


def test_audio_needs_the_setting_and_the_variable() -> None:
    debug = {"debug": {"directory": "/d", "sessions": ["*"], "audio": True}}
    for environment in ({}, {"SOKUJI_DEBUG_AUDIO": "true"}):
        with pytest.raises(ConfigError, match="SOKUJI_DEBUG_AUDIO=1") as refused:
            parse_gateway(debug, environment)
        assert refused.value.param == "debug.audio"
    assert parse_gateway(debug, {"SOKUJI_DEBUG_AUDIO": "1"}).debug.audio
    assert not parse_gateway({}, {"SOKUJI_DEBUG_AUDIO": "1"}).debug.audio


@pytest.mark.parametrize(
    ("debug", "wrong"), [({"sessions": ["*"]}, "sessions"), ({"directory": "/d", "audio": True}, "audio")]
)
def test_a_setting_without_effect_is_refused(debug: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ConfigError, match=f"debug.{wrong} has no effect unless"):
        parse_gateway({"debug": debug}, {"SOKUJI_DEBUG_AUDIO": "1"})


def test_a_recording_ends_at_its_limit(tmp_path: Path) -> None:
    writer = RecordingWriter()
    writer.apply(
        DebugSettings(directory=str(tmp_path), sessions=("../evil",), audio=True, max_session_bytes=1_024)
    )
    recording = SessionRecording(writer, "../evil")
    chunk = Audio(
        segment_id=0, clause=0, chunk=0, target_language="en", pcm=bytes(400), sample_rate=8_000, last=False
    )
    for _ in range(10):
        recording.event(chunk)
    writer.close()
    kept = files(tmp_path)
    assert sum(map(len, kept.values())) <= 1_024 + 100
    assert kept["events.jsonl"].endswith(b'{"event": "recording_full"}\n')
    assert {path.name.partition("-")[2] for path in tmp_path.iterdir()} >= {"___evil.events.jsonl"}


def test_old_files_go_and_the_oldest_go_for_newer_ones(tmp_path: Path) -> None:
    now = 1_000_000.0
    for age_s, name in ((100, "a.events.jsonl"), (50, "b.in.pcm"), (10, "c.en.pcm"), (5, "d.events.jsonl")):
        path = tmp_path / f"{OLD}{name}"
        path.write_bytes(bytes(100))
        os.utime(path, (now - age_s, now - age_s))
    foreign = tmp_path / "other.jsonl"
    foreign.write_bytes(bytes(10_000))
    os.utime(foreign, (0, 0))
    (tmp_path / f"{OLD}e.in.pcm").symlink_to(foreign)
    prune(tmp_path, now=now, max_age_s=60, max_bytes=250)
    kept = {path.name.removeprefix(OLD) for path in tmp_path.iterdir()}
    assert kept == {"c.en.pcm", "d.events.jsonl", "e.in.pcm", "other.jsonl"}
    prune(tmp_path / "missing", now=now, max_age_s=60, max_bytes=250)


async def test_files_that_a_former_process_left_are_deleted_too(tmp_path: Path) -> None:
    left = tmp_path / f"{OLD}a.events.jsonl"
    left.write_text("{}\n")
    os.utime(left, (0, 0))
    (await service_of(directory=str(tmp_path))).debug_recordings.close()
    assert not left.exists()


def test_what_cannot_be_written_is_logged_and_ends_no_conversation(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    writer = RecordingWriter()
    writer.apply(DebugSettings(directory=str(occupied), sessions=("*",)))
    recording = SessionRecording(writer, "s1")
    for _ in range(9):
        recording.event(Ack(1))
    writer.close()
    assert caplog.text.count("sessions cannot be recorded: ") == 1


def test_what_a_slow_disk_cannot_take_is_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_writer, "MAX_WAITING_BYTES", 1_000)
    blocked, written = threading.Event(), RecordingWriter._write

    def write(self: RecordingWriter, path: Path, data: bytes) -> None:
        blocked.wait(10)
        written(self, path, data)

    monkeypatch.setattr(RecordingWriter, "_write", write)
    writer = RecordingWriter()
    writer.apply(DebugSettings(directory=str(tmp_path), sessions=("s1",), audio=True))
    recording = SessionRecording(writer, "s1")
    recording.event(Ack(1))
    for _ in range(5):
        recording.heard(bytes(400))
    blocked.set()
    writer.close()
    writer.apply(DebugSettings(directory=str(tmp_path), sessions=("s1",)))
    recording.event(Ack(2))
    writer.close()
    assert len(files(tmp_path)["in.pcm"]) == 800
    lines = [json.loads(line) for line in files(tmp_path)["events.jsonl"].splitlines()]
    assert [line.get("left_out") for line in lines] == [None, None, 3]
