"""wyoming-faster-whisper, the recogniser of Home Assistant, and a client of the Wyoming protocol.

The protocol (``OHF-Voice/wyoming``): events over TCP, each a line of JSON, behind it ``data_length`` bytes of
more JSON and ``payload_length`` bytes of sound. A connection is good for one utterance. The server begins to
recognise when the client says that the utterance is over, so the client has to notice that by itself: here
it knows from the recording, and waits for as much silence as our service does by default.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from load_tests.peers.environment import python_of, versions
from load_tests.peers.process import HOST, listening
from load_tests.peers.speech import PATIENCE_S, Clock, Delays, Heard, PeerFailed, Reached, Speech, kind
from sokuji.audio.pcm import RECOGNISER_RATE

PACKAGE = "wyoming-faster-whisper"
LEAD_MS = 300
"""Silence before the speech that is sent along."""
MOST_BYTES = 2**20
"""Of one event; transcripts are far smaller."""
_FORMAT = {"rate": RECOGNISER_RATE, "width": 2, "channels": 1}


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the protocol."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""

    def encoded(self) -> bytes:
        """As it goes over the wire."""
        head = {"type": self.type, "data": self.data, "payload_length": len(self.payload)}
        return json.dumps(head).encode() + b"\n" + self.payload


async def read(stream: asyncio.StreamReader) -> Event:
    """The next event.

    Raises:
        PeerFailed: what comes is none, is too large, or the connection ends.
    """
    try:
        head = json.loads(await stream.readline())
        more, payload = (_size(head, name) for name in ("data_length", "payload_length"))
        data = head.get("data") or {}
        if more:
            data |= json.loads(await stream.readexactly(more))
        return Event(head["type"], data, await stream.readexactly(payload))
    except (ValueError, TypeError, AttributeError, KeyError, asyncio.IncompleteReadError):
        raise PeerFailed("no event of the Wyoming protocol") from None


def _size(head: Mapping[str, Any], name: str) -> int:
    size = int(head.get(name) or 0)
    if not 0 <= size <= MOST_BYTES:
        raise ValueError(name)
    return size


class Wyoming:
    """The server as it comes, with our model.

    Args:
        language: what will be spoken.
        model: the folder of a Whisper model for CTranslate2.
        silence_ms: how long the client waits before it takes an utterance to be over.
    """

    name = "wyoming"

    def __init__(self, language: str, model: Path, silence_ms: int) -> None:
        self._language = language
        self._model = model
        self._silence_ms = silence_ms

    @property
    def settings(self) -> dict[str, str]:
        """Versions and what was set."""
        return {
            **versions(PACKAGE, PACKAGE, "faster-whisper", "ctranslate2"),
            "compute_type": "int8",
            "beam_size": "1",
            "cpu_threads": "its default",
            "audio-stop": f"{self._silence_ms} ms behind the end of speech",
        }

    @asynccontextmanager
    async def served(self, port: int) -> AsyncIterator[None]:
        """Run the server."""
        python = await asyncio.to_thread(python_of, PACKAGE)
        with tempfile.TemporaryDirectory() as folder:
            command = [
                *(str(python), "-m", "wyoming_faster_whisper", "--uri", f"tcp://{HOST}:{port}"),
                *(
                    "--model",
                    str(self._model),
                    "--language",
                    self._language,
                    "--stt-library",
                    "faster-whisper",
                ),
                *("--compute-type", "int8", "--beam-size", "1", "--data-dir", folder, "--local-files-only"),
            ]
            async with listening(self.name, command, port, {"HF_HUB_OFFLINE": "1"}):
                yield

    async def hear(self, port: int, speech: Speech, heard: Heard, reached: Reached) -> None:
        """Each utterance over a connection of its own; the next one does not wait for the answer."""
        clock = Clock(heard)
        async with asyncio.TaskGroup() as tasks:
            utterances = [
                tasks.create_task(self._utterance(port, speech, span, clock, heard, reached))
                for span in speech.spans_ms
            ]
        answers = [each.result() for each in utterances]
        heard.text = " ".join(text for text, _ in answers)
        heard.delays = [delays for _, delays in answers]

    async def _utterance(
        self,
        port: int,
        speech: Speech,
        span_ms: tuple[int, int],
        clock: Clock,
        heard: Heard,
        reached: Reached,
    ) -> tuple[str, Delays]:
        start_ms, end_ms = span_ms
        begin_ms, stop_ms = start_ms - LEAD_MS, end_ms + self._silence_ms
        await asyncio.sleep(clock.spoken_at(begin_ms) - time.monotonic())
        try:
            stream, writer = await asyncio.open_connection(HOST, port, limit=MOST_BYTES)
            try:
                await _send(writer, Event("transcribe", {"language": speech.language}))
                await _send(writer, Event("audio-start", _FORMAT))
                async for frame in clock.frames(speech.pcm, begin_ms, stop_ms, reached):
                    await _send(writer, Event("audio-chunk", _FORMAT, frame))
                await _send(writer, Event("audio-stop"))
                async with asyncio.timeout(PATIENCE_S):
                    text = await _transcript(stream)
            finally:
                writer.close()
        except (PeerFailed, OSError) as error:  # TimeoutError is one of them
            heard.errors[kind(error)] += 1
            return "", {}
        if not text.strip():
            return "", {}
        now = time.monotonic()
        since_end = clock.since(end_ms, now)
        return text, {"stable": since_end, "final": since_end, "known": clock.since(stop_ms, now)}


async def _send(writer: asyncio.StreamWriter, event: Event) -> None:
    writer.write(event.encoded())
    await writer.drain()


async def _transcript(stream: asyncio.StreamReader) -> str:
    while (event := await read(stream)).type != "transcript":
        pass
    return str(event.data.get("text", ""))
