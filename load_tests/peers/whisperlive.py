"""WhisperLive and a client of its WebSocket protocol.

The protocol (``collabora/WhisperLive``, ``whisper_live/client.py`` and ``server.py``): the client sends its
options as JSON and waits for SERVER_READY; then it sends audio continuously, silence too, because the server
does the segmentation. The server transcribes the audio since the last completed segment again and again, and
sends the latest completed segments each time, followed by the incomplete one. A segment is ``completed`` when
another one follows it or when its transcript was the same 11 times.
"""

import json
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection

from load_tests.measurements.word_errors import words
from load_tests.peers.growing_transcript import GrowingTranscript
from load_tests.peers.server_process import HOST, peer_process, versions
from load_tests.peers.streaming_socket import converse, received
from load_tests.peers.system import PeerFailed, PeerSession
from load_tests.scenarios.sessions import SpokenUntil

PACKAGE = "whisper-live"
_SERVER = Path(__file__).with_name("whisper_live_server.py")


class SegmentMessages:
    """Its messages in one session, whose segments are completed or not."""

    name = "WhisperLive"
    end_of_audio = b"END_OF_AUDIO"

    def __init__(self, language: str) -> None:
        self._language = language
        self._known: set[tuple[str, ...]] = set()

    async def open(self, socket: ClientConnection) -> None:
        """Send the options; the server may have to load its model."""
        await socket.send(json.dumps(options(self._language)))
        greeting = await received(socket, self.name)
        if greeting.get("message") != "SERVER_READY":
            raise PeerFailed(f"WhisperLive refuses: {greeting.get('status', 'it gives no reason')}")

    def note(self, message: Mapping[str, Any], transcript: GrowingTranscript, at: float) -> None:
        """Take over the segments of a message, if it has any."""
        if segments := message.get("segments"):
            self._note_segments(segments, transcript, at)

    def _note_segments(
        self, segments: Sequence[Mapping[str, Any]], transcript: GrowingTranscript, at: float
    ) -> None:
        completed: list[str] = []
        tail: list[str] = []
        try:
            for segment in segments:
                spoken = words(segment["text"], self._language)
                # The last ten completed segments are repeated in every message.
                key = (str(segment["start"]), str(segment["end"]), str(segment["text"]))
                if not segment["completed"]:
                    tail += spoken
                elif key not in self._known:
                    self._known.add(key)
                    completed += spoken
        except (TypeError, KeyError, ValueError):
            raise PeerFailed("no segments of WhisperLive") from None
        transcript.note(completed, tail, at)


@dataclass(frozen=True, slots=True)
class WhisperLive:
    """The server with the embedded model."""

    model: Path
    batched: bool

    @property
    def name(self) -> str:
        """Depends on batching."""
        return "whisperlive-batched" if self.batched else "whisperlive"

    @property
    def settings(self) -> dict[str, str]:
        """Versions and settings."""
        return {
            **versions(PACKAGE, PACKAGE, "faster-whisper", "ctranslate2", "torch"),
            "compute_type": "int8, its default on a CPU",
            "beam_size": "1" if self.batched else "5, its default, which cannot be changed",
            "cpu_threads": "its default",
            "client": "its defaults, voice activity detection on",
        }

    @asynccontextmanager
    async def served(self, port: int) -> AsyncIterator[None]:
        """Run the server."""
        arguments = [str(_SERVER), str(port), str(self.model), *(["batched"] if self.batched else [])]
        async with peer_process(self.name, PACKAGE, arguments, port):
            yield

    async def transcribe(self, port: int, session: PeerSession, spoken_until: SpokenUntil) -> None:
        """One connection."""
        await converse(f"ws://{HOST}:{port}", SegmentMessages(session.speech.language), session, spoken_until)


def options(language: str) -> dict[str, Any]:
    """The first message of its own client, with its defaults; int16 halves the data that is sent."""
    return {
        "uid": str(uuid.uuid4()),
        "language": language,
        "task": "transcribe",
        "model": "base",
        "use_vad": True,
        "send_last_n_segments": 10,
        "no_speech_thresh": 0.45,
        "clip_audio": False,
        "same_output_threshold": 10,
        "audio_format": "int16",
    }
