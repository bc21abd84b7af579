"""A session through ``/v1/realtime/translations``, in real time, as OpenAI's clients have it.

Its deltas name no utterance. ``elapsed_ms`` says where in the recording was said what a delta has, so a delta
belongs to the last sentence that begins before that.
"""

import asyncio
import base64
import json
from bisect import bisect_left
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

from sokuji.client.config import Config
from sokuji.client.handshake import close_socket, open_socket, received_messages
from sokuji.errors import SokujiError
from sokuji.measure.latency import LatencyPoint, Stopwatch, UtteranceTimes

RATE = 24_000
PATH = "/v1/realtime/translations?model=gpt-realtime-translate"


class ErrorEvent(SokujiError):
    """The service has sent an ``error``: the conversation is of no use as a measurement."""

    code = "error_event"


class DeltaStopwatch(Stopwatch):
    """Records when the deltas of each sentence come.

    Args:
        target: language of the translation.
        spans_ms: where the sentences begin and end, in the recording.
    """

    points: Sequence[LatencyPoint] = ("translation", "first audio", "last audio")

    def __init__(self, target: str, spans_ms: Sequence[tuple[int, int]]) -> None:
        super().__init__(target)
        self._spans_ms = spans_ms
        self._last_sentence = 0

    def record_delta(self, delta: dict[str, Any], at: float) -> None:
        """A delta of the translation came at ``at`` (monotonic seconds)."""
        if delta.get("language", self._target) != self._target:
            return
        begins = [begin for begin, _ in self._spans_ms]
        sentence = max(0, bisect_left(begins, delta["elapsed_ms"]) - 1)
        if sentence < self._last_sentence:
            self.out_of_order += 1
        self._last_sentence = max(self._last_sentence, sentence)
        times = self.utterances.setdefault(sentence, UtteranceTimes(*self._spans_ms[sentence]))
        if delta["type"] == "session.output_transcript.delta":
            times.at["translation"] = at
        else:
            times.at.setdefault("first audio", at)
            times.at["last audio"] = at


async def delta_events(
    url: str, config: Config, frames: AsyncIterator[bytes]
) -> AsyncGenerator[dict[str, Any], None]:
    """The deltas of the translation until the session is closed, while the frames are sent.

    Args:
        frames: mono int16 PCM at ``RATE``.

    Raises:
        ConnectionLost, ServiceUnreachable: see ``client.handshake``.
        ErrorEvent: the service reports an error.
    """
    socket = await open_socket(url, PATH)

    async def send() -> None:
        await socket.send(json.dumps({"type": "session.update", "session": session_of(config)}))
        async for frame in frames:
            audio = base64.b64encode(frame).decode("ascii")
            await socket.send(json.dumps({"type": "session.input_audio_buffer.append", "audio": audio}))
        await socket.send(json.dumps({"type": "session.close"}))

    sending = asyncio.create_task(send())
    try:
        async for message in received_messages(socket):
            event: dict[str, Any] = json.loads(message)
            if event["type"] == "error":
                raise ErrorEvent(event["error"]["message"])
            if event["type"] == "session.closed":
                return
            if event["type"].startswith("session.output_"):
                yield event
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await close_socket(socket)


def session_of(config: Config) -> dict[str, Any]:
    """The settings that this door has; the language spoken and fan-out are extensions of OpenAI's."""
    output = {"language": config.targets[0]} if len(config.targets) == 1 else {"languages": config.targets}
    return {"audio": {"input": {"language": config.source_language}, "output": output}}
