"""The listening side of a session: messages in, and what is heard on to the recogniser's stage.

Messages are worked on in the order in which they came; nothing here waits for a model. A conversation that
has to move elsewhere is listened to until nobody is in the middle of an utterance, or ``drain_s`` is over.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

from sokuji import events
from sokuji.audio.endpointing import (
    SegmentEvent,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    Utterance,
)
from sokuji.audio.utterance_detector import UtteranceDetector
from sokuji.config import StreamingSettings
from sokuji.session.conversation import Command, ConversationSettings
from sokuji.session.input import SessionInput
from sokuji.session.output import ClausePosition, SessionOutput
from sokuji.session.recognition import Recognition


class Listening:
    """Works off an inbox.

    Args:
        on_conversation: called when other settings come into force.
        on_audio: called whenever audio has been listened to.
        on_cancel: called when the client wants no more voice for what has been listened to.
    """

    def __init__(
        self,
        inbox: SessionInput,
        listener: UtteranceDetector,
        recognition: Recognition,
        outlet: SessionOutput,
        settings: StreamingSettings,
        *,
        on_conversation: Callable[[ConversationSettings], Awaitable[None]],
        on_audio: Callable[[], Awaitable[None]],
        on_cancel: Callable[[], None],
    ) -> None:
        self.drained = False
        """Whether it has ended because the service goes away."""
        self._inbox = inbox
        self._listener = listener
        self._recognition = recognition
        self._outlet = outlet
        self._settings = settings
        self._on_conversation = on_conversation
        self._on_audio = on_audio
        self._on_cancel = on_cancel
        self._conversation: ConversationSettings | None = None
        self._began, self._begin_ms = time.monotonic(), listener.position_ms
        self._open_segment_id: int | None = None
        self._next_segment_id = 0
        self._drain_by: float | None = None

    async def run(self) -> None:
        """Listen until the end, or until the conversation has to move elsewhere."""
        while (message := await self._next_message()) is not None:
            if isinstance(message, ConversationSettings):
                configure = self._listener.configure
                heard = await asyncio.to_thread(configure, message.input_sample_rate, message.channels)
                await self._pass_on(heard)
                self._conversation = message
                await self._on_conversation(message)
            elif isinstance(message, bytes):
                await self._pass_on(await asyncio.to_thread(self._listener.push, message))
                await self._look_ahead()
                await self._on_audio()
            elif message is Command.FLUSH:
                await self._pass_on(await asyncio.to_thread(self._listener.flush))
            elif message is Command.CANCEL:
                self._on_cancel()
        if not self.drained:
            await self._pass_on(await asyncio.to_thread(self._listener.flush))
        await self._recognition.end()

    async def _next_message(self) -> bytes | ConversationSettings | Command | None:
        """The next message; None: no more is to be listened to."""
        if self._drain_by is not None and not self._listener.in_speech:
            self.drained = True
            return None
        try:
            async with asyncio.timeout_at(self._drain_by):
                message = await self._inbox.get()
        except TimeoutError:
            self.drained = True
            return None
        if message is Command.DRAIN and self._drain_by is None:
            drain_s = self._settings.drain_s
            self._drain_by = asyncio.get_running_loop().time() + drain_s
            await self._outlet.emit(events.Draining(round(1_000 * drain_s)))
        if message is Command.END:
            return None
        if self._drain_by is not None and asyncio.get_running_loop().time() > self._drain_by:
            self.drained = True
            return None
        return message

    async def _look_ahead(self) -> None:
        """See to the segment that is being said."""
        self._listener.set_earliest_cut(self._recognition.heard_ms)
        if self._recognition.split is not None:
            await self._pass_on(self._listener.split(self._recognition.split.at_ms))
            self._recognition.split = None
        if self._recognition.wants_to_hear() and (growing := self._listener.open_utterance()) is not None:
            self._recognition.grow(growing)

    async def _pass_on(self, heard: Iterable[SegmentEvent]) -> None:
        for event in heard:
            await self._take(event)

    async def _take(self, event: SegmentEvent) -> None:
        if self._conversation is None:
            return
        match event:
            case SpeechStarted():
                self._open_segment_id = event.segment_id
                commit = self._conversation.commit or self._settings.commit
                self._recognition.begin(event.segment_id, self._conversation, commit)
                await self._outlet.emit(
                    events.Speech(state="started", at_ms=event.at_ms, segment_id=event.segment_id)
                )
            case SpeechPaused():
                self._recognition.pause(event.utterance)
            case SpeechResumed():
                self._recognition.resume()
            case SpeechStopped():
                self._open_segment_id = None
                self._next_segment_id = event.segment_id + 1
                await self._outlet.emit(
                    events.Speech(state="stopped", at_ms=event.at_ms, segment_id=event.segment_id)
                )
            case Utterance():
                await self._recognition.complete(event, self.due(event.end_ms))

    def due(self, at_ms: int) -> float:
        """When that had been said which is listened to now (monotonic seconds).

        That is when it came, and where audio comes faster than speech, when it would have come as speech.
        """
        spoken = self._began + (at_ms - self._begin_ms) / 1_000
        waiting_ms = self._inbox.received_ms - self._listener.position_ms
        return max(spoken, time.monotonic() - waiting_ms / 1_000)

    def next_place(self) -> ClausePosition:
        """The place of the next clause that will be committed of what is listened to now."""
        if self._open_segment_id is not None:
            return self._open_segment_id, self._recognition.next_clause
        return self._next_segment_id, 0
