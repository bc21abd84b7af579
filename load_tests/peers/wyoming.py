"""wyoming-faster-whisper, the recogniser of Home Assistant, and a client of the Wyoming protocol.

The protocol (``OHF-Voice/wyoming``): events over TCP, each a line of JSON, followed by ``data_length`` bytes
of more JSON and ``payload_length`` bytes of audio. A connection serves one utterance. The server begins to
recognise when the client says that the utterance is over, so endpointing is up to the client: here it knows
the end from the recording, and waits for as much silence as the service does by default.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from load_tests.peers.server_process import HOST, peer_process, versions
from load_tests.peers.system import ANSWERED_WITHIN_S, Delays, PeerFailed, PeerSession
from load_tests.scenarios.sessions import SpokenUntil
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.measure.latency import FRAME_MS

PACKAGE = "wyoming-faster-whisper"
LEAD_MS = 300
"""Silence before the speech that is sent along."""
MOST_BYTES = 2**20
"""Of one event; transcripts are far smaller."""
_FORMAT = {"rate": RECOGNISER_RATE, "width": 2, "channels": 1}


@dataclass(frozen=True, slots=True)
class WyomingEvent:
    """An event of the protocol."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""

    def encoded(self) -> bytes:
        """The bytes that are sent."""
        head = {"type": self.type, "data": self.data, "payload_length": len(self.payload)}
        return json.dumps(head).encode() + b"\n" + self.payload


async def read_event(stream: asyncio.StreamReader) -> WyomingEvent:
    """The next event.

    Raises:
        PeerFailed: it is malformed or too large, or the connection ends.
    """
    try:
        head = json.loads(await stream.readline())
        more, payload = (_size(head, name) for name in ("data_length", "payload_length"))
        data = head.get("data") or {}
        if more:
            data |= json.loads(await stream.readexactly(more))
        return WyomingEvent(head["type"], data, await stream.readexactly(payload))
    except (ValueError, TypeError, AttributeError, KeyError, asyncio.IncompleteReadError):
        raise PeerFailed("no event of the Wyoming protocol") from None


def _size(head: Mapping[str, Any], name: str) -> int:
    size = int(head.get(name) or 0)
    if not 0 <= size <= MOST_BYTES:
        raise ValueError(name)
    return size


@dataclass(frozen=True, slots=True)
class Wyoming:
    """The server as it comes, with the embedded model."""

    language: str
    model: Path
    silence_ms: int
    """How long the client waits before it takes an utterance to be over."""
    name: ClassVar[str] = "wyoming"

    @property
    def settings(self) -> dict[str, str]:
        """Versions and settings."""
        return {
            **versions(PACKAGE, PACKAGE, "faster-whisper", "ctranslate2"),
            "compute_type": "int8",
            "beam_size": "1",
            "cpu_threads": "its default",
            "audio-stop": f"{self.silence_ms} ms behind the end of speech",
        }

    @asynccontextmanager
    async def served(self, port: int) -> AsyncIterator[None]:
        """Run the server."""
        with tempfile.TemporaryDirectory() as folder:
            options = {
                "--uri": f"tcp://{HOST}:{port}",
                "--model": str(self.model),
                "--language": self.language,
                "--stt-library": "faster-whisper",
                "--compute-type": "int8",
                "--beam-size": "1",
                "--data-dir": folder,
            }
            pairs = (part for option in options.items() for part in option)
            arguments = ["-m", "wyoming_faster_whisper", *pairs, "--local-files-only"]
            async with peer_process(self.name, PACKAGE, arguments, port):
                yield

    async def transcribe(self, port: int, session: PeerSession, spoken_until: SpokenUntil) -> None:
        """Each utterance over a connection of its own; the next one does not wait for the transcript."""
        session.pace.began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            utterances = [
                tasks.create_task(self._utterance(port, session, span, spoken_until))
                for span in session.speech.spans_ms
            ]
        results = [each.result() for each in utterances]
        session.text = " ".join(text for text, _ in results)
        session.delays = [delays for _, delays in results]

    async def _utterance(
        self, port: int, session: PeerSession, span_ms: tuple[int, int], spoken_until: SpokenUntil
    ) -> tuple[str, Delays]:
        start_ms, end_ms = span_ms
        begin_ms, stop_ms = start_ms - LEAD_MS, end_ms + self.silence_ms
        await asyncio.sleep(session.pace.spoken_at(begin_ms) - time.monotonic())
        try:
            stream, writer = await asyncio.open_connection(HOST, port, limit=MOST_BYTES)
            try:
                await _send(writer, WyomingEvent("transcribe", {"language": session.speech.language}))
                await _send(writer, WyomingEvent("audio-start", _FORMAT))
                async for frame in _frames(session, begin_ms, stop_ms, spoken_until):
                    await _send(writer, WyomingEvent("audio-chunk", _FORMAT, frame))
                await _send(writer, WyomingEvent("audio-stop"))
                async with asyncio.timeout(ANSWERED_WITHIN_S):
                    while (event := await read_event(stream)).type != "transcript":
                        pass
            finally:
                writer.close()
        except (PeerFailed, OSError) as error:  # TimeoutError is an OSError
            session.fail(error)
            return "", {}
        text = str(event.data.get("text", ""))
        if not text.strip():
            return "", {}
        now = time.monotonic()
        since_end = session.since(end_ms, now)
        return text, {"stable": since_end, "final": since_end, "known": session.since(stop_ms, now)}


async def _frames(
    session: PeerSession, from_ms: int, to_ms: int, spoken_until: SpokenUntil
) -> AsyncIterator[bytes]:
    for start_ms in range(from_ms, to_ms, FRAME_MS):
        end_ms = min(start_ms + FRAME_MS, to_ms)
        await asyncio.sleep(session.pace.spoken_at(end_ms) - time.monotonic())
        spoken_until(end_ms)
        start, end = (2 * ms * RECOGNISER_RATE // 1_000 for ms in (start_ms, end_ms))
        yield session.speech.pcm[start:end]


async def _send(writer: asyncio.StreamWriter, event: WyomingEvent) -> None:
    writer.write(event.encoded())
    await writer.drain()
