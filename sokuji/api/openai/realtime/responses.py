"""The responses of a conversation: one at a time, each with its events in the order that clients expect.

A response that is created while another one is in progress waits, and so does what it says. A response whose
speech turned out to hold no words has no output.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Literal

from sokuji.api.openai.realtime.items import Item, Items
from sokuji.api.openai.realtime.outbox import Outbox
from sokuji.api.openai.realtime.response_state import (
    Reason,
    Response,
    ResponseSettings,
    as_dict,
    joined,
    part_of,
)
from sokuji.api.openai.wire import JSONObject, encode_audio, new_id
from sokuji.audio.pcm import duration_ms
from sokuji.errors import InvalidRequest, SokujiError

MAX_RESPONSES = 100
"""Responses that wait at most."""


class Responses:
    """The responses that are in progress or wait, oldest first.

    Args:
        items: the conversation, to which outputs are added.
        rate_limits: returns the content of ``rate_limits.updated``.
        on_done: called with each response that is over, after its last event.
    """

    def __init__(
        self,
        outbox: Outbox,
        items: Items,
        rate_limits: Callable[[], list[JSONObject]],
        on_done: Callable[[Response], None],
    ) -> None:
        self._outbox = outbox
        self._items = items
        self._rate_limits = rate_limits
        self._on_done = on_done
        self._conversation_id = new_id("conv")
        self._queue: deque[Response] = deque()

    @property
    def current(self) -> Response | None:
        """The response in progress."""
        return self._queue[0] if self._queue else None

    def create(self, settings: ResponseSettings) -> Response:
        """Begin a response, behind those that are in progress.

        Raises:
            InvalidRequest: too many wait.
        """
        response = Response(settings)
        if len(self._queue) >= MAX_RESPONSES:
            raise InvalidRequest(f"{MAX_RESPONSES} responses wait already", param="type")
        self._queue.append(response)
        self._go_on()
        return response

    def say(self, response: Response, text: str) -> None:
        """Add text that the response says; it follows what it said before."""
        self._do(response, partial(self._say, response, text))

    def play(self, response: Response, pcm: bytes) -> None:
        """Add audio at the rate of the response's format: mono int16."""
        self._do(response, partial(self._play, response, pcm))

    def finish(self, response: Response, error: SokujiError | None = None) -> None:
        """End a response: completed, or failed with an error."""
        self._do(response, partial(self._finish, response, "failed" if error else "completed", error=error))

    def cancel(self, response: Response, reason: Reason) -> None:
        """End a response early; what it has said stays said."""
        if response.is_over:
            return
        response.waiting.clear()
        self._do(response, partial(self._finish, response, "cancelled", reason=reason))
        # Nothing that happens from now on may be added.
        response.status, response.reason = "cancelled", reason

    def find(self, response_id: str | None) -> Response | None:
        """The response with an id, of those that are not over; None as an id: the one in progress."""
        if response_id is None:
            return next((each for each in self._queue if not each.is_over), None)
        return next((each for each in self._queue if each.id == response_id and not each.is_over), None)

    def _do(self, response: Response, action: Callable[[], None]) -> None:
        if response.is_over:
            return
        response.waiting.append(action)
        self._go_on()

    def _start(self, response: Response) -> None:
        response.started.set()
        self._outbox.emit(
            "response.created", response=as_dict(response, "in_progress", self._conversation_id)
        )

    def _say(self, response: Response, text: str) -> None:
        delta = joined(response.said, text)[len(response.said) :]
        if not delta:
            return
        if response.item is None:
            self._begin_item(response)
        response.said += delta
        kind = "output_audio_transcript" if response.settings.modality == "audio" else "output_text"
        self._emit_part(response, f"response.{kind}.delta", delta=delta)

    def _play(self, response: Response, pcm: bytes) -> None:
        settings = response.settings
        if response.item is None or settings.modality != "audio" or not pcm:
            return
        response.item.audio_ms += duration_ms(pcm, settings.format.sample_rate)
        audio = encode_audio(settings.format.encoded(pcm))
        self._emit_part(response, "response.output_audio.delta", delta=audio)

    def _begin_item(self, response: Response) -> None:
        item = response.item = Item("assistant", status="in_progress")
        self._emit_of(response, "response.output_item.added", item=item.as_dict())
        if response.settings.in_conversation:
            previous = self._items.add(item)
            self._outbox.emit("conversation.item.added", previous_item_id=previous, item=item.as_dict())
        self._emit_part(response, "response.content_part.added", part=part_of(response))

    def _finish(
        self,
        response: Response,
        status: Literal["completed", "failed", "cancelled"],
        *,
        reason: Reason | None = None,
        error: SokujiError | None = None,
    ) -> None:
        if response.item is not None:
            self._finish_item(response, response.item, "completed" if status == "completed" else "incomplete")
        response.status, response.reason, response.error = status, reason, error
        self._outbox.emit("response.done", response=as_dict(response, status, self._conversation_id))
        self._outbox.emit("rate_limits.updated", rate_limits=self._rate_limits())
        self._queue.popleft()
        self._on_done(response)

    def _go_on(self) -> None:
        """Let happen what waits: of the first response, and when it is over, of the next."""
        while (first := self.current) is not None:
            if not first.started.is_set():
                self._start(first)
            while first.waiting and self.current is first:
                first.waiting.popleft()()
            if self.current is first:
                return

    def _finish_item(
        self, response: Response, item: Item, status: Literal["completed", "incomplete"]
    ) -> None:
        if response.settings.modality == "audio":
            self._emit_part(response, "response.output_audio.done")
            self._emit_part(response, "response.output_audio_transcript.done", transcript=response.said)
            item.content.append({"type": "output_audio", "transcript": response.said})
        else:
            self._emit_part(response, "response.output_text.done", text=response.said)
            item.content.append({"type": "output_text", "text": response.said})
        self._emit_part(response, "response.content_part.done", part=part_of(response))
        item.status = status
        if response.settings.in_conversation:
            self._outbox.emit("conversation.item.done", item=item.as_dict())
        self._emit_of(response, "response.output_item.done", item=item.as_dict())

    def _emit_of(self, response: Response, kind: str, **fields: object) -> None:
        self._outbox.emit(kind, response_id=response.id, output_index=0, **fields)

    def _emit_part(self, response: Response, kind: str, **fields: object) -> None:
        item_id = response.item.id if response.item else ""
        self._emit_of(response, kind, item_id=item_id, content_index=0, **fields)
