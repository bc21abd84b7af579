"""The clients of the peers, each against a small server on a real socket."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve

from load_tests.peers import wyoming
from load_tests.peers.growing_transcript import GrowingTranscript
from load_tests.peers.server_process import server_process
from load_tests.peers.system import PeerFailed, PeerSession, System
from load_tests.peers.whisperlive import SegmentMessages, WhisperLive
from load_tests.peers.whisperlivekit import WhisperLiveKit
from load_tests.peers.wyoming import Wyoming
from load_tests.scenarios.speech_samples import ScriptedSpeech
from sokuji.errors import SokujiError

SILENCE_MS = 40
MODEL = Path("unused")
FORMAT = {"rate": 16_000, "width": 2, "channels": 1}


def speech() -> ScriptedSpeech:
    """Two utterances of 40 ms, loud enough to be told from the silence around them."""
    pcm = bytearray(2 * 16 * 480)
    for start_ms, end_ms in ((300, 340), (380, 420)):
        pcm[32 * start_ms : 32 * end_ms] = b"\x01\x02" * (16 * (end_ms - start_ms))
    return ScriptedSpeech("pt", bytes(pcm), [(300, 340), (380, 420)], [("Olá mundo.",), ("Bom dia.",)])


async def transcribed(system: System, port: int, spoken: ScriptedSpeech) -> PeerSession:
    session = PeerSession(spoken)
    await system.transcribe(port, session, lambda ms: None)
    return session


def port_of(server: asyncio.Server | Server) -> int:
    (listener,) = server.sockets
    port: int = listener.getsockname()[1]
    return port


class FakeWyoming:
    """Answers each utterance with the next text, as the real server writes it."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.events: list[list[tuple[str, Any]]] = []
        self.sound = b""

    @staticmethod
    def transcript(text: str) -> bytes:
        data = json.dumps({"text": text}, ensure_ascii=False).encode()
        head = {"type": "transcript", "version": "1.10.2", "data_length": len(data)}
        return json.dumps(head).encode() + b"\n" + data

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        events: list[tuple[str, Any]] = []
        self.events.append(events)
        while not events or events[-1][0] != "audio-stop":
            head = json.loads(await reader.readline())
            events.append((head["type"], head["data"]))
            self.sound += await reader.readexactly(head["payload_length"])
        writer.write(self.answers.pop(0))
        writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        async with await asyncio.start_server(self.attend, "127.0.0.1", 0) as server:
            yield port_of(server)


async def test_wyoming_hears_each_utterance_over_a_connection_of_its_own() -> None:
    server = FakeWyoming(FakeWyoming.transcript("Olá, mundo"), FakeWyoming.transcript("Bom dia"))
    spoken = speech()
    async with server.running() as port:
        session = await transcribed(Wyoming("pt", MODEL, SILENCE_MS), port, spoken)
    assert session.text == "Olá, mundo Bom dia"
    assert not session.errors
    for events in server.events:
        assert [events[0], events[1][0], events[-1][0]] == [
            ("transcribe", {"language": "pt"}),
            "audio-start",
            "audio-stop",
        ]
        assert all(
            each == ("audio-chunk", {"rate": 16_000, "width": 2, "channels": 1}) for each in events[2:-1]
        )
    # The lead, the speech and the silence behind it, of each.
    begin, end = wyoming.LEAD_MS, SILENCE_MS
    assert sorted(server.sound) == sorted(
        b"".join(spoken.pcm[32 * (span[0] - begin) : 32 * (span[1] + end)] for span in spoken.spans_ms)
    )
    for delays in session.delays:
        assert delays["final"] >= SILENCE_MS
        assert delays["final"] - delays["known"] == pytest.approx(SILENCE_MS)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no json\n",
        b"[]\n",
        b'{"data": {}}\n',
        b'{"type": "transcript", "data_length": 9}\n{"te',
        b'{"type": "transcript", "data_length": -1}\n',
        b'{"type": "transcript", "payload_length": 99999999}\n',
        b'{"type": "transcript", "data_length": "x"}\n',
    ],
)
async def test_what_is_no_event_of_wyoming_is_refused(answer: bytes) -> None:
    stream = asyncio.StreamReader()
    stream.feed_data(answer)
    stream.feed_eof()
    with pytest.raises(PeerFailed, match="no event of the Wyoming protocol"):
        await wyoming.read_event(stream)


async def test_a_failed_utterance_harms_no_other() -> None:
    server = FakeWyoming(b"", FakeWyoming.transcript("Bom dia"))
    async with server.running() as port:
        session = await transcribed(Wyoming("pt", MODEL, SILENCE_MS), port, speech())
    assert session.errors == {"peer_failed": 1}
    assert session.text.strip() == "Bom dia"
    assert [bool(delays) for delays in session.delays] == [False, True]


def segment(start: float, end: float, text: str, completed: bool) -> dict[str, Any]:
    return {"start": f"{start:.3f}", "end": f"{end:.3f}", "text": text, "completed": completed}


class FakeStreamingServer:
    """Sends what ``script`` has for the number of milliseconds that it has received."""

    def __init__(
        self, greeting: Any, script: dict[int, Any], *, takes_options: bool, end_of_audio: bytes
    ) -> None:
        self.greeting = greeting
        self.script = script
        self.takes_options = takes_options
        self.end_of_audio = end_of_audio
        self.options: dict[str, Any] = {}
        self.path = ""
        self.sound = b""
        self.ended = False

    async def attend(self, client: ServerConnection) -> None:
        assert client.request is not None
        self.path = client.request.path
        if self.takes_options:
            self.options = json.loads(await client.recv())
        await client.send(json.dumps(self.greeting))
        async for frame in client:
            if frame == self.end_of_audio:
                self.ended = True
                return
            assert isinstance(frame, bytes)
            self.sound += frame
            if found := self.script.get(len(self.sound) // 32):
                await client.send(found if isinstance(found, str) else json.dumps(found))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        async with serve(self.attend, "127.0.0.1", 0) as server:
            yield port_of(server)


def whisperlive_server(greeting: Any, script: dict[int, Any]) -> FakeStreamingServer:
    messages = {
        ms: found if isinstance(found, str) else {"uid": "1", "segments": found}
        for ms, found in script.items()
    }
    return FakeStreamingServer(greeting, messages, takes_options=True, end_of_audio=b"END_OF_AUDIO")


def whisperlivekit_server(greeting: Any, script: dict[int, Any]) -> FakeStreamingServer:
    return FakeStreamingServer(greeting, script, takes_options=False, end_of_audio=b"")


def test_segments_that_come_again_count_once() -> None:
    transcript, messages = GrowingTranscript(), SegmentMessages("pt")
    for at in (1.0, 2.0):
        messages.note({"segments": [segment(0, 2, "Bom dia", completed=True)]}, transcript, at)
    assert transcript.words == ["bom", "dia"]


READY = {"uid": "1", "message": "SERVER_READY", "backend": "faster_whisper"}


async def test_whisperlive_hears_a_stream_and_is_timed_to_stable_and_to_completed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("load_tests.peers.streaming_socket.ANSWERED_WITHIN_S", 0.16)
    first = segment(0.3, 0.34, " Olá mundo", True)
    server = whisperlive_server(
        READY,
        {
            320: [segment(0.3, 0.34, " Olá mudo", False)],
            400: [segment(0.3, 0.34, " Olá mundo.", False)],
            480: [first, segment(0.38, 0.42, " Bom dia", False)],
            560: [first, segment(0.38, 0.42, " Bom dia.", True)],
        },
    )
    spoken = speech()
    async with server.running() as port:
        session = await transcribed(WhisperLive(MODEL, batched=False), port, spoken)
    assert (session.text, session.errors) == ("olá mundo bom dia", {})
    assert (server.options["language"], server.options["audio_format"]) == ("pt", "int16")
    assert server.ended
    assert server.sound.startswith(spoken.pcm)
    olá, dia = session.delays
    assert 60 <= olá["stable"] < olá["final"]
    assert olá["final"] >= 140
    assert 60 <= dia["stable"] < dia["final"]
    assert all("known" not in each for each in session.delays)


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        ({"uid": "1", "status": "WAIT", "message": 3.2}, "refuses: WAIT"),
        ({"uid": "1", "status": "ERROR", "message": "Failed to load model"}, "refuses: ERROR"),
        ([], "no JSON object"),
    ],
)
async def test_whisperlive_that_takes_nobody_is_said_so(greeting: Any, reason: str) -> None:
    async with whisperlive_server(greeting, {}).running() as port:
        with pytest.raises(PeerFailed, match=reason):
            await transcribed(WhisperLive(MODEL, batched=False), port, speech())


@pytest.mark.parametrize("message", ["no json", '{"segments": [{"text": 3}]}'])
async def test_a_broken_message_of_whisperlive_ends_the_session_and_is_counted(message: str) -> None:
    session = PeerSession(speech())
    async with whisperlive_server(READY, {80: message}).running() as port:
        with pytest.raises(PeerFailed, match="ended the conversation"):
            await WhisperLive(MODEL, batched=False).transcribe(port, session, lambda ms: None)
    assert session.errors == {"peer_failed": 1}


CONFIG = {"type": "config", "useAudioWorklet": True, "mode": "full"}


def kit_transcript(tail: str, *lines: str) -> dict[str, Any]:
    silent = {"speaker": -2, "text": "", "start": "0:00:00.00", "end": "0:00:00.30"}
    spoken = [{"speaker": 1, "text": text, "start": "0:00:00.30", "end": "0:00:00.34"} for text in lines]
    return {"status": "active_transcription", "lines": [silent, *spoken], "buffer_transcription": tail}


async def test_whisperlivekit_hears_a_stream_and_is_timed_to_stable_and_to_its_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("load_tests.peers.streaming_socket.ANSWERED_WITHIN_S", 0.16)
    server = whisperlivekit_server(
        CONFIG,
        {
            320: kit_transcript(" Olá mudo"),
            400: kit_transcript(" mundo.", " Olá"),
            480: kit_transcript(" Bom dia", " Olá mundo."),
            560: kit_transcript("", " Olá mundo.", " Bom dia."),
        },
    )
    async with server.running() as port:
        session = await transcribed(WhisperLiveKit(MODEL, "pt"), port, speech())
    assert (session.text, session.errors) == ("olá mundo bom dia", {})
    assert server.path == "/asr?language=pt"
    assert server.ended
    olá, dia = session.delays
    assert 60 <= olá["stable"] < olá["final"]
    assert olá["final"] >= 140
    assert 60 <= dia["stable"] < dia["final"]


async def test_whisperlivekit_that_takes_nobody_is_said_so() -> None:
    refusal = {"type": "error", "error": "language"}
    async with whisperlivekit_server(refusal, {}).running() as port:
        with pytest.raises(PeerFailed, match="refuses: language"):
            await transcribed(WhisperLiveKit(MODEL, "pt"), port, speech())


@pytest.mark.parametrize(
    "message", ["no json", '{"lines": [{}]}', '{"lines": [], "buffer_transcription": 1}']
)
async def test_a_broken_message_of_whisperlivekit_ends_the_session_and_is_counted(message: str) -> None:
    session = PeerSession(speech())
    async with whisperlivekit_server(CONFIG, {80: message}).running() as port:
        with pytest.raises(PeerFailed, match="ended the conversation"):
            await WhisperLiveKit(MODEL, "pt").transcribe(port, session, lambda ms: None)
    assert session.errors == {"peer_failed": 1}


PROGRAM = "import socket; s = socket.create_server(('127.0.0.1', {port})); s.accept(); s.accept()"


async def test_a_server_runs_as_long_as_it_is_needed(unused_tcp_port: int) -> None:
    command = [sys.executable, "-S", "-c", PROGRAM.format(port=unused_tcp_port)]
    async with server_process("fake", command, unused_tcp_port, {}):
        with pytest.raises(PeerFailed, match=f"port {unused_tcp_port}"):
            async with server_process("other", command, unused_tcp_port, {}):
                pass
    socket.create_server(("127.0.0.1", unused_tcp_port)).close()  # Nobody else has it now.


async def test_a_server_that_ends_says_why(unused_tcp_port: int) -> None:
    command = [sys.executable, "-S", "-c", "print('no such model\\n'); raise SystemExit(3)"]
    with pytest.raises(SokujiError, match="fake ended with exit code 3: no such model"):
        async with server_process("fake", command, unused_tcp_port, {}):
            pass
