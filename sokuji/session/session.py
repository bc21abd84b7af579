"""One conversation: audio in, events out. The one place where the pipeline reads in order.

A session joins the stages: it listens (voice activity, utterances), has them recognised (``recognition``),
and hands what was said to one branch per target language (``branch``), whose output leaves through
``delivery``. Each stage works on its own, so that while the first utterance is spoken the second is
translated and the third recognised; the end of a stage is the end of its input. A door feeds audio and
commands and forwards ``events()``.
"""

import asyncio
import logging
import sys
import time
from collections.abc import AsyncGenerator

from sokuji import events
from sokuji.audio.utterance_detector import UtteranceDetector, VoiceActivity
from sokuji.config import GatewaySettings
from sokuji.errors import SokujiError, UnknownVoice
from sokuji.events import Ack, Event
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.session.branch import Branch
from sokuji.session.conversation import Command, ConversationSettings
from sokuji.session.input import SessionInput
from sokuji.session.listening import Listening
from sokuji.session.load_shedding import LoadShedding
from sokuji.session.output import ClausePosition, DeliveryLedger, SessionOutput
from sokuji.session.recognition import Recognition

log = logging.getLogger(__name__)

SILENT_ACK_MS = 2_000
"""How much silence passes between two acks while nobody speaks."""
PATIENCE = 0.5
"""Share of ``max_backlog_s`` for which a stage that fails is asked again: the rest is for catching up."""


class Session:
    """A conversation: ``run`` does the work while ``events`` is consumed.

    Args:
        session_id: stands in every log line of the conversation.
        begin_ms: where a conversation goes on that another connection began; 0: it is new.
        resumed_text: words behind ``begin_ms`` that have been delivered already (``Ack.text``).
        vad: rates the frames; None: Silero's model.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        settings: GatewaySettings,
        session_id: str,
        *,
        begin_ms: int = 0,
        resumed_text: str = "",
        vad: VoiceActivity | None = None,
    ) -> None:
        self.session_id = session_id
        self._pipeline = pipeline
        self._inbox = SessionInput(settings.limits, begin_ms)
        self._listener = UtteranceDetector(settings.segmentation, begin_ms, vad)
        self._load = LoadShedding(settings.streaming)
        ledger = DeliveryLedger(begin_ms, resumed_text)
        self._outlet = SessionOutput(session_id, ledger, PATIENCE * settings.limits.max_backlog_s)
        self._outlet.on_delivered = self._note_delivery
        self._branches: dict[str, Branch] = {}
        self._recognition = Recognition(pipeline, self._outlet, self._load, self._branches, resumed_text)
        self._listening = Listening(
            self._inbox,
            self._listener,
            self._recognition,
            self._outlet,
            settings.streaming,
            on_conversation=self._begin,
            on_audio=self._attend,
            on_cancel=self._mute,
        )
        self._stages = asyncio.TaskGroup()
        self._told_load = self._load.state

    @property
    def drained(self) -> bool:
        """Whether ``events`` has ended because the service goes away."""
        return self._listening.drained

    @property
    def ended(self) -> bool:
        """Whether the client has said that no more audio comes."""
        return self._inbox.ended

    @property
    def lag_ms(self) -> int:
        """How far the output is behind what has been said."""
        waiting = (
            self._outlet.ledger.oldest_due,
            self._recognition.oldest_due,
            self._listening.due(self._listener.position_ms),
        )
        oldest = min(due for due in waiting if due is not None)
        return max(0, round(1_000 * (time.monotonic() - oldest)))

    def configure(self, conversation: ConversationSettings) -> None:
        """Begin, or go on with other settings: the utterance in progress ends under the old ones.

        Raises:
            UnsupportedLanguage, UnknownVoice, NotSupported: the service has no such pair or voice, or
                takes no context or glossary there; nothing has changed.
        """
        catalogue = self._pipeline.catalogue
        for target in conversation.target_languages:
            catalogue.check_speech_pair(conversation.source_language, target)
            if conversation.glossary:
                catalogue.check_glossary(conversation.source_language, target)
        if conversation.context:
            catalogue.check_recognition_context(conversation.source_language)
        if conversation.speak:
            self._check_voice(conversation)
        self._inbox.put(conversation)

    def _check_voice(self, conversation: ConversationSettings) -> None:
        """Each target needs some voice, and the one that is named must speak one of them."""
        unknown: UnknownVoice | None = None
        spoken = 0
        for target in conversation.target_languages:
            self._pipeline.catalogue.voice(DEFAULT_VOICE, target, conversation.speed)
            try:
                self._pipeline.catalogue.voice(conversation.voice_id, target, conversation.speed)
                spoken += 1
            except UnknownVoice as error:
                unknown = error
        if unknown is not None and not spoken:
            raise unknown

    def feed(self, pcm: bytes) -> None:
        """Take audio; see ``SessionInput.feed`` for the format and the errors."""
        self._inbox.feed(pcm)

    def flush(self) -> None:
        """The utterance ends here, whatever the voice activity says."""
        self._inbox.put(Command.FLUSH)

    def end(self) -> None:
        """No more audio: finish everything, then ``Done``."""
        self._inbox.put(Command.END)

    def cancel(self) -> None:
        """Stop speaking and drop what has been committed but not spoken; captions stay."""
        if self.ended:
            self._mute((sys.maxsize, 0))
        else:
            self._mute()
            # For what has been sent before it and not been listened to yet.
            self._inbox.put(Command.CANCEL)

    def drain(self) -> None:
        """The service goes away: finish the utterance in progress, acknowledge, and end without ``Done``."""
        self._inbox.drain()

    async def report(self, error: SokujiError) -> None:
        """Tell the client of a bad message, in order with everything else."""
        await self._outlet.emit(events.Failed(error))

    def events(self) -> AsyncGenerator[Event, None]:
        """What happened, in order; ends with ``Done`` unless the service drains."""
        return self._outlet.events()

    async def run(self) -> None:
        """Work until ``end`` has been worked off; cancelling it leaves nothing running."""
        try:
            async with self._stages:
                self._stages.create_task(self._recognise())
                self._stages.create_task(self._listening.run())
        finally:
            await asyncio.gather(*(branch.aclose() for branch in self._branches.values()))
        ledger = self._outlet.ledger
        if self.drained:
            await self._acknowledge(ledger.silence(self._listener.settled_ms))
        else:
            await self._acknowledge(ledger.finish(round(self._inbox.received_ms)))
            await self._outlet.emit(events.Done())
        await self._outlet.close()

    async def _recognise(self) -> None:
        await self._recognition.run()
        for branch in self._branches.values():
            branch.end()

    async def _begin(self, conversation: ConversationSettings) -> None:
        """From here on the conversation is this one."""
        for target in conversation.target_languages:
            if target not in self._branches:
                branch = self._branches[target] = Branch(target, self._pipeline, self._outlet)
                self._stages.create_task(branch.run())
        await self._outlet.emit(
            events.Ready(
                session_id=self.session_id,
                source_language=conversation.source_language or "auto",
                target_languages=conversation.target_languages,
                input_sample_rate=conversation.input_sample_rate,
                output_sample_rate=conversation.output_sample_rate if conversation.speak else None,
            )
        )

    async def _attend(self) -> None:
        """Acknowledge silence, and tell of a change in the load."""
        settled_ms = self._listener.settled_ms
        if settled_ms >= self._outlet.ledger.acked.through_ms + SILENT_ACK_MS and self._recognition.is_idle:
            await self._acknowledge(self._outlet.ledger.silence(settled_ms))
        if self._load.state != self._told_load:
            await self._tell_status()

    def _mute(self, before: ClausePosition | None = None) -> None:
        """No voice for clauses before that place; None: what has been committed so far."""
        self._outlet.mute(before or self._listening.next_place())
        for branch in self._branches.values():
            branch.hush()

    async def _note_delivery(self, lag_s: float) -> None:
        self._load.delivered(round(1_000 * lag_s))
        self._inbox.delivered_ms = self._outlet.ledger.acked.through_ms
        await self._tell_status(round(1_000 * lag_s))
        log.info(
            "session %s delivered through %d ms, %d ms behind",
            self.session_id, self._inbox.delivered_ms, round(1_000 * lag_s),
        )  # fmt: skip

    async def _tell_status(self, lag_ms: int | None = None) -> None:
        self._told_load = self._load.state
        lag_ms = self.lag_ms if lag_ms is None else lag_ms
        await self._outlet.emit(events.Status(load=self._told_load, lag_ms=lag_ms))

    async def _acknowledge(self, ack: Ack | None) -> None:
        if ack is not None:
            self._inbox.delivered_ms = ack.through_ms
            await self._outlet.emit(ack)
