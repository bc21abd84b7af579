"""One conversation: audio in, events out. The one place where the pipeline reads in order.

A session is four stages joined by bounded queues: listen (resample, voice activity, utterances), recognise,
translate, deliver (speak and acknowledge). Each works on one utterance at a time, so that while the first is
spoken the second is translated and the third recognised, and the order of the output is the order of the
input. The end of a stage is the end of its input. A door feeds audio and commands and forwards ``events()``.
"""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeVar

from sokuji import events
from sokuji.config import GatewaySettings
from sokuji.errors import DeadlineExceeded, NotSupported, Overloaded, ProviderUnavailable, SokujiError
from sokuji.inbox import Command, Conversation, Inbox
from sokuji.listener import Listener
from sokuji.pipeline import Pipeline
from sokuji.providers.base import Transcript
from sokuji.segmentation import SegmentEvent, SpeechStarted, SpeechStopped, Utterance

log = logging.getLogger(__name__)

T = TypeVar("T")

QUEUED_UTTERANCES = 4
QUEUED_EVENTS = 256
SILENT_ACK_MS = 2_000
"""How much silence passes between two acks while nobody speaks."""


@dataclass(slots=True)
class _Job:
    """An utterance on its way through the stages."""

    utterance: Utterance
    conversation: Conversation
    transcript: Transcript | None = None
    translation: str = ""
    began: float = field(default_factory=time.monotonic)
    marks: dict[str, int] = field(default_factory=dict)

    def mark(self, stage: str) -> None:
        """Note the milliseconds from the end of the utterance to now."""
        self.marks.setdefault(stage, round(1_000 * (time.monotonic() - self.began)))


_Jobs = asyncio.Queue[_Job | None]


class Session:
    """A conversation: ``run`` does the work while ``events`` is consumed.

    Args:
        session_id: stands in every log line of the conversation.
    """

    def __init__(self, pipeline: Pipeline, settings: GatewaySettings, session_id: str) -> None:
        self.session_id = session_id
        self._pipeline = pipeline
        self._inbox = Inbox(settings.limits)
        self._patience_s = settings.limits.max_backlog_s
        self._listener = Listener(settings.segmentation)
        self._heard: _Jobs = asyncio.Queue(QUEUED_UTTERANCES)
        self._recognised: _Jobs = asyncio.Queue(QUEUED_UTTERANCES)
        self._translated: _Jobs = asyncio.Queue(QUEUED_UTTERANCES)
        self._events: asyncio.Queue[events.Event] = asyncio.Queue(QUEUED_EVENTS)
        self._under_way = 0
        self._next_segment_id = 0
        self._muted_before = 0
        self._speaking: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        """Whether the client has said that no more audio comes."""
        return self._inbox.ended

    def configure(self, conversation: Conversation) -> None:
        """Begin, or go on with other settings: the utterance in progress ends under the old ones.

        Raises:
            UnsupportedLanguage, UnknownVoice, NotSupported: the service has no such pair or voice, or
                takes no context; nothing has changed.
        """
        catalogue = self._pipeline.catalogue
        catalogue.check_speech_pair(conversation.source_language, conversation.target_language)
        if conversation.context and not catalogue.stt[0].takes_context:
            raise NotSupported("the recogniser takes no context; leave it out", param="context")
        if conversation.speak:
            catalogue.voice(conversation.voice_id, conversation.target_language)
        self._inbox.put(conversation)

    def feed(self, pcm: bytes) -> None:
        """Take audio; see ``Inbox.feed`` for the format and the errors."""
        self._inbox.feed(pcm)

    def flush(self) -> None:
        """The utterance ends here, whatever the voice activity says."""
        self._inbox.put(Command.FLUSH)

    def end(self) -> None:
        """No more audio: finish everything, then ``Done``."""
        self._inbox.put(Command.END)

    def cancel(self) -> None:
        """Stop speaking and drop what has been said but not spoken; captions stay."""
        self._mute(before=sys.maxsize if self.ended else self._next_segment_id)
        if not self.ended:
            # For what has been sent before it and not been listened to yet.
            self._inbox.put(Command.CANCEL)

    def _mute(self, before: int) -> None:
        self._muted_before = before
        if self._speaking is not None:
            self._speaking.cancel()

    async def report(self, error: SokujiError) -> None:
        """Tell the client of a bad message, in order with everything else."""
        await self._events.put(events.Failed(error))

    async def events(self) -> AsyncGenerator[events.Event, None]:
        """What happened, in order; ends with ``Done``."""
        event: events.Event | None = None
        while not isinstance(event, events.Done):
            event = await self._events.get()
            if isinstance(event, events.Audio) and event.segment_id < self._muted_before:
                continue
            yield event

    async def run(self) -> None:
        """Work until ``end`` has been worked off; cancelling it leaves nothing running."""
        async with asyncio.TaskGroup() as stages:
            stages.create_task(self._listen())
            stages.create_task(self._recognise())
            stages.create_task(self._translate())
            stages.create_task(self._deliver())
        await self._ack(round(self._inbox.received_ms))
        await self._events.put(events.Done())

    async def _listen(self) -> None:
        conversation: Conversation | None = None
        while (message := await self._inbox.get()) is not Command.END:
            if isinstance(message, Conversation):
                configure = self._listener.configure
                heard = await asyncio.to_thread(configure, message.input_sample_rate, message.channels)
                await self._pass_on(heard, conversation)
                conversation = message
                await self._announce(message)
            elif isinstance(message, bytes):
                await self._pass_on(await asyncio.to_thread(self._listener.push, message), conversation)
            elif message is Command.FLUSH:
                await self._pass_on(await asyncio.to_thread(self._listener.flush), conversation)
            else:
                self._mute(before=self._next_segment_id)
        await self._pass_on(await asyncio.to_thread(self._listener.flush), conversation)
        await self._heard.put(None)

    async def _announce(self, conversation: Conversation) -> None:
        await self._events.put(
            events.Ready(
                session_id=self.session_id,
                source_language=conversation.source_language or "auto",
                target_languages=(conversation.target_language,),
                input_sample_rate=conversation.input_sample_rate,
                output_sample_rate=conversation.output_sample_rate if conversation.speak else None,
            )
        )

    async def _pass_on(self, heard: Iterable[SegmentEvent], conversation: Conversation | None) -> None:
        for event in heard:
            if isinstance(event, SpeechStarted):
                await self._speech("started", event)
            elif isinstance(event, SpeechStopped):
                self._next_segment_id = event.segment_id + 1
                await self._speech("stopped", event)
            elif conversation is not None:
                self._under_way += 1
                await self._heard.put(_Job(event, conversation))
        if not self._under_way and self._listener.settled_ms >= self._inbox.delivered_ms + SILENT_ACK_MS:
            await self._ack(self._listener.settled_ms)

    async def _speech(
        self, state: Literal["started", "stopped"], event: SpeechStarted | SpeechStopped
    ) -> None:
        await self._events.put(events.Speech(state=state, at_ms=event.at_ms, segment_id=event.segment_id))

    async def _recognise(self) -> None:
        async for job in _drain(self._heard):
            async with self._reporting(job):
                utterance, wanted = job.utterance, job.conversation
                transcript = await self._insist(
                    job,
                    partial(self._pipeline.recognise, utterance.pcm, wanted.source_language, wanted.context),
                )
                job.mark("recognised")
                if transcript.text:
                    job.transcript = transcript
                    await self._events.put(
                        events.Transcription(
                            segment_id=utterance.segment_id,
                            text=transcript.text,
                            language=transcript.language,
                            is_final=True,
                            confidence=transcript.confidence,
                            start_ms=utterance.start_ms,
                            end_ms=utterance.end_ms,
                            stable_chars=len(transcript.text),
                        )
                    )
            await self._recognised.put(job)
        await self._recognised.put(None)

    async def _translate(self) -> None:
        async for job in _drain(self._recognised):
            if job.transcript is not None:
                async with self._reporting(job):
                    target = job.conversation.target_language
                    translate = partial(
                        self._pipeline.translate_speech, job.transcript, job.utterance.pcm, target
                    )
                    job.translation = await self._insist(job, translate)
                    job.mark("translated")
                    await self._events.put(
                        events.TranslationText(
                            segment_id=job.utterance.segment_id,
                            clause=0,
                            text=job.translation,
                            source_language=job.transcript.language,
                            target_language=target,
                            is_final=True,
                        )
                    )
            await self._translated.put(job)
        await self._translated.put(None)

    async def _deliver(self) -> None:
        async for job in _drain(self._translated):
            if job.translation and job.conversation.speak:
                async with self._reporting(job):
                    await self._speak_unless_cancelled(job)
            self._under_way -= 1
            await self._ack(job.utterance.end_ms)
            lag_ms = max(0, round(self._inbox.received_ms) - job.utterance.end_ms)
            await self._events.put(events.Status(load="normal", lag_ms=lag_ms))
            job.mark("delivered")
            log.info("session %s segment %d: %s", self.session_id, job.utterance.segment_id, job.marks)

    async def _speak_unless_cancelled(self, job: _Job) -> None:
        if job.utterance.segment_id < self._muted_before:
            return
        self._speaking = asyncio.create_task(self._speak(job))
        try:
            await asyncio.wait([self._speaking])
            if not self._speaking.cancelled():
                self._speaking.result()
        finally:
            self._speaking.cancel()
            await asyncio.wait([self._speaking])
            self._speaking = None

    async def _speak(self, job: _Job) -> None:
        wanted = job.conversation
        voice = self._pipeline.speak(
            job.translation,
            wanted.target_language,
            voice_id=wanted.voice_id,
            speed=wanted.speed,
            sample_rate=wanted.output_sample_rate,
        )
        number = 0
        async with contextlib.aclosing(voice):
            async for chunk in voice:
                job.mark("first_audio")
                await self._events.put(
                    events.Audio(
                        segment_id=job.utterance.segment_id,
                        clause=0,
                        chunk=number,
                        target_language=wanted.target_language,
                        pcm=chunk.pcm,
                        sample_rate=chunk.sample_rate,
                        last=chunk.last,
                    )
                )
                number += 1

    async def _ack(self, through_ms: int) -> None:
        if through_ms > self._inbox.delivered_ms:
            self._inbox.delivered_ms = through_ms
            await self._events.put(events.Ack(through_ms))

    async def _insist(self, job: _Job, attempt: Callable[[], Awaitable[T]]) -> T:
        """Speech is not given up because the machine is slow, but only after as long as any may wait."""
        while True:
            try:
                return await attempt()
            except (DeadlineExceeded, ProviderUnavailable, Overloaded):
                if time.monotonic() - job.began > self._patience_s:
                    raise
                log.warning("session %s segment %d waits", self.session_id, job.utterance.segment_id)

    @contextlib.asynccontextmanager
    async def _reporting(self, job: _Job) -> AsyncIterator[None]:
        """What fails for one utterance is said, and the conversation goes on with the next."""
        try:
            yield
        except SokujiError as error:
            log.warning(
                "session %s segment %d: %s: %s",
                self.session_id, job.utterance.segment_id, error.code, error.message,
            )  # fmt: skip
            await self._events.put(events.Failed(error, segment_id=job.utterance.segment_id))


async def _drain(jobs: _Jobs) -> AsyncIterator[_Job]:
    while (job := await jobs.get()) is not None:
        yield job
