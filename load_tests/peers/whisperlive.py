"""WhisperLive and a client of its WebSocket protocol.

The protocol (``collabora/WhisperLive``, ``whisper_live/client.py`` and ``server.py``): the client sends its
options as JSON and waits for SERVER_READY; then it sends audio continuously, silence too, because the server
does the segmentation. The server transcribes the audio since the last completed segment again and again, and
sends the latest completed segments each time, followed by the incomplete one. A segment is ``completed`` when
another one follows it or when its transcript was the same 11 times.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from load_tests.measurements.word_errors import words
from load_tests.peers.scoring import align, reference_words
from load_tests.peers.server_process import HOST, peer_process, versions
from load_tests.peers.system import ANSWERED_WITHIN_S, Milestone, PeerFailed, PeerSession
from load_tests.scenarios.sessions import SpokenUntil
from load_tests.scenarios.speech_samples import silence
from sokuji.audio.pcm import RECOGNISER_RATE

PACKAGE = "whisper-live"
READY_S = 60.0
"""The first client waits for the model to be loaded."""
MOST_BYTES = 2**20
_SERVER = Path(__file__).with_name("whisper_live_server.py")


class _Update(NamedTuple):
    """The transcript after one message that came at ``at`` (monotonic seconds)."""

    at: float
    completed: int
    """Words of completed segments; they stay."""
    tail: list[str]
    """Those of the incomplete segment."""


class GrowingTranscript:
    """A transcript as it grows, from the segments of each message."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._known: set[tuple[str, ...]] = set()
        self._completed: list[str] = []
        self._updates: list[_Update] = []

    @property
    def words(self) -> list[str]:
        """All of it."""
        return [*self._completed, *(self._updates[-1].tail if self._updates else ())]

    def note(self, segments: Sequence[Mapping[str, Any]], at: float) -> None:
        """A message came at ``at`` (monotonic seconds).

        Raises:
            PeerFailed: the segments are malformed.
        """
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
                    self._completed += spoken
        except (TypeError, KeyError, ValueError):
            raise PeerFailed("no segments of WhisperLive") from None
        self._updates.append(_Update(at, len(self._completed), tail))

    def final_at(self, count: int) -> float | None:
        """When the first ``count`` words were completed."""
        return next((each.at for each in self._updates if each.completed >= count), None)

    def stable_at(self, count: int) -> float | None:
        """Since when the first ``count`` words have been as they are now."""
        expected, since = self.words[:count], None
        for each in reversed(self._updates):
            if each.tail[: max(0, count - each.completed)] != expected[each.completed :]:
                break
            since = each.at
        return since


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
        """One connection; after the speech it sends silence until responses no longer count."""
        transcript = GrowingTranscript(session.speech.language)
        url = f"ws://{HOST}:{port}"
        try:
            async with connect(
                url, proxy=None, compression=None, ping_interval=None, max_size=MOST_BYTES
            ) as socket:
                await _open(socket, session.speech.language)
                receiving = asyncio.create_task(_receive(socket, transcript, session))
                try:
                    await _send(socket, session, spoken_until)
                finally:
                    receiving.cancel()
                    await asyncio.wait([receiving])
                    _evaluate(session, transcript)
        except WebSocketException as error:
            raise PeerFailed(f"WhisperLive ended the conversation: {type(error).__name__}") from None


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


async def _open(socket: ClientConnection, language: str) -> None:
    await socket.send(json.dumps(options(language)))
    try:
        async with asyncio.timeout(READY_S):
            greeting = parsed(await socket.recv())
    except TimeoutError:
        raise PeerFailed(f"WhisperLive was not ready within {READY_S:.0f} s") from None
    if greeting.get("message") != "SERVER_READY":
        raise PeerFailed(f"WhisperLive refuses: {greeting.get('status', 'it gives no reason')}")


def parsed(message: str | bytes) -> dict[str, Any]:
    """A message of the server; raises PeerFailed if it is no JSON object."""
    with suppress(ValueError):
        if isinstance(content := json.loads(message), dict):
            return content
    raise PeerFailed("WhisperLive sent no JSON object")


async def _receive(socket: ClientConnection, transcript: GrowingTranscript, session: PeerSession) -> None:
    try:
        async for message in socket:
            if segments := parsed(message).get("segments"):
                transcript.note(segments, time.monotonic())
    except PeerFailed as error:
        session.fail(error)
        await socket.close()
    except ConnectionClosed:
        return  # The sending side fails too, and reports it.


async def _send(socket: ClientConnection, session: PeerSession, spoken_until: SpokenUntil) -> None:
    # The server completes no segment when the audio ends, so silence is sent for the last words.
    pcm = session.speech.pcm + silence(1_000 * ANSWERED_WITHIN_S)
    async for frame in session.pace.frames(pcm, RECOGNISER_RATE, spoken_until):
        await socket.send(frame)
    await socket.send(b"END_OF_AUDIO")


def _evaluate(session: PeerSession, transcript: GrowingTranscript) -> None:
    ends, _ = align(reference_words(session), transcript.words)
    session.text = " ".join(transcript.words)
    for end, (_, end_ms) in zip(ends, session.speech.spans_ms, strict=True):
        times: dict[Milestone, float | None] = {}
        if end is not None:
            times = {"stable": transcript.stable_at(end), "final": transcript.final_at(end)}
        session.delays.append(
            {name: session.since(end_ms, at) for name, at in times.items() if at is not None}
        )
