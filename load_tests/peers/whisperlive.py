"""WhisperLive and a client of its WebSocket protocol.

The protocol (``collabora/WhisperLive``, ``whisper_live/client.py`` and ``server.py``): the client sends its
options as JSON and waits for SERVER_READY; then it sends sound all the time, silence too, for the server
alone decides what belongs together. It hears the sound since the last finished segment again and again, and
sends the latest finished segments each time, with the unfinished one behind them. A segment is finished, or
``completed``, when another one follows it or when it was heard 11 times in the same way.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from load_tests.peers.environment import python_of, versions
from load_tests.peers.process import HOST, listening
from load_tests.peers.scoring import align, words
from load_tests.peers.speech import (
    PATIENCE_S,
    Clock,
    Delays,
    Heard,
    PeerFailed,
    Reached,
    Speech,
    length_ms,
    silence,
)

PACKAGE = "whisper-live"
READY_S = 60.0
"""The first client waits for the model to be loaded."""
MOST_BYTES = 2**20
_SERVER = Path(__file__).with_name("whisper_live_server.py")


@dataclass(frozen=True, slots=True)
class _Update:
    """How the transcript stood."""

    at: float
    """``time.monotonic()``."""
    completed: int
    """Words of finished segments; they stay."""
    tail: tuple[str, ...]
    """Those of the unfinished one."""


class Captions:
    """A transcript as it grows, from the messages that tell of it."""

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
            PeerFailed: it is not what it should be.
        """
        tail: list[str] = []
        try:
            for segment in segments:
                found = words(segment["text"], self._language)
                if segment["completed"]:
                    self._complete(segment, found)
                else:
                    tail += found
        except (TypeError, KeyError, ValueError):
            raise PeerFailed("no segments of WhisperLive") from None
        self._updates.append(_Update(at, len(self._completed), tuple(tail)))

    def _complete(self, segment: Mapping[str, Any], found: Sequence[str]) -> None:
        # The last ten come again and again.
        key = (str(segment["start"]), str(segment["end"]), str(segment["text"]))
        if key not in self._known:
            self._known.add(key)
            self._completed += found

    def final_at(self, count: int) -> float | None:
        """When the first ``count`` words were finished."""
        return next((each.at for each in self._updates if each.completed >= count), None)

    def stable_at(self, count: int) -> float | None:
        """Since when the first ``count`` words stood as they stand now."""
        wanted, since = self.words[:count], None
        for each in reversed(self._updates):
            if list(each.tail[: max(0, count - each.completed)]) != wanted[each.completed :]:
                break
            since = each.at
        return since


class WhisperLive:
    """The server with our model.

    Args:
        model: the folder of a Whisper model for CTranslate2.
        batched: whether it recognises its clients together.
    """

    def __init__(self, model: Path, *, batched: bool) -> None:
        self._model = model
        self._batched = batched

    @property
    def name(self) -> str:
        """Both ways have a name."""
        return "whisperlive-batched" if self._batched else "whisperlive"

    @property
    def settings(self) -> dict[str, str]:
        """Versions and what was set."""
        return {
            **versions(PACKAGE, PACKAGE, "faster-whisper", "ctranslate2", "torch"),
            "compute_type": "int8, its default on a CPU",
            "beam_size": "1" if self._batched else "5, its default, which nothing changes",
            "cpu_threads": "its default",
            "client": "its defaults, voice activity detection on",
        }

    @asynccontextmanager
    async def served(self, port: int) -> AsyncIterator[None]:
        """Run the server."""
        python = await asyncio.to_thread(python_of, PACKAGE)
        command = [str(python), str(_SERVER), str(port), str(self._model)]
        command += ["batched"] if self._batched else []
        async with listening(self.name, command, port, {"HF_HUB_OFFLINE": "1"}):
            yield

    async def hear(self, port: int, speech: Speech, heard: Heard, reached: Reached) -> None:
        """One connection; after the speech it is silent for as long as answers count."""
        captions = Captions(speech.language)
        try:
            url = f"ws://{HOST}:{port}"
            async with connect(
                url, proxy=None, compression=None, ping_interval=None, max_size=MOST_BYTES
            ) as socket:
                await _open(socket, speech.language)
                clock = Clock(heard)
                receiving = asyncio.create_task(_receive(socket, captions, heard))
                try:
                    await _say(socket, speech, clock, reached)
                finally:
                    receiving.cancel()
                    await asyncio.wait([receiving])
                    _evaluate(speech, captions, clock, heard)
        except WebSocketException as error:
            raise PeerFailed(f"WhisperLive ended the conversation: {type(error).__name__}") from None


def options(language: str) -> dict[str, Any]:
    """What its own client says first, with its defaults; int16 halves what goes over the wire."""
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
            answer = parsed(await socket.recv())
    except TimeoutError:
        raise PeerFailed(f"WhisperLive was not ready within {READY_S:.0f} s") from None
    if answer.get("message") != "SERVER_READY":
        raise PeerFailed(f"WhisperLive refuses: {answer.get('status', 'it does not say why')}")


def parsed(message: str | bytes) -> dict[str, Any]:
    """A message of the server.

    Raises:
        PeerFailed: it is no JSON object.
    """
    try:
        found = json.loads(message)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PeerFailed("WhisperLive sent no JSON object")
    return found


async def _receive(socket: ClientConnection, captions: Captions, heard: Heard) -> None:
    try:
        async for message in socket:
            if segments := parsed(message).get("segments"):
                captions.note(segments, time.monotonic())
    except PeerFailed as error:
        heard.errors[error.code] += 1
        await socket.close()
    except ConnectionClosed:
        return  # The sending side fails too, and tells.


async def _say(socket: ClientConnection, speech: Speech, clock: Clock, reached: Reached) -> None:
    # It hears nothing to its end when the sound ends: whoever wants the last words goes on being silent.
    pcm = speech.pcm + silence(PATIENCE_S)
    async for frame in clock.frames(pcm, 0, length_ms(pcm), reached):
        await socket.send(frame)
    await socket.send(b"END_OF_AUDIO")


def _evaluate(speech: Speech, captions: Captions, clock: Clock, heard: Heard) -> None:
    found = captions.words
    ends, _ = align([words(text, speech.language) for text in speech.texts], found)
    heard.text = " ".join(found)
    for end, (_, end_ms) in zip(ends, speech.spans_ms, strict=True):
        delays: Delays = {}
        if end is not None:
            if (stable := captions.stable_at(end)) is not None:
                delays["stable"] = clock.since(end_ms, stable)
            if (final := captions.final_at(end)) is not None:
                delays["final"] = clock.since(end_ms, final)
        heard.delays.append(delays)
