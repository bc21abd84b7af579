"""One conversation: audio in, events out. This file shows in order what happens to a frame.

``feed`` queues a frame. ``Listener`` takes it from the queue and gives it to the utterance detector, which
resamples it, rates it for speech and finds where utterances begin, pause and end. It hands those events to
``Recognition``, which recognises and commits clauses. ``FanOut`` gives every clause to one branch
per target language, which translates and speaks it. Everything that the client gets leaves through
``SessionOutput``. Recognition, translation and voice run concurrently: while the first utterance is spoken,
the second is translated and the third recognised.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

from sokuji import events
from sokuji.admission.speech_activity import SpeechActivity
from sokuji.audio.utterance_detector import UtteranceDetector, VoiceActivity
from sokuji.config import GatewaySettings
from sokuji.debug.session_recording import SessionRecording
from sokuji.errors import SokujiError
from sokuji.events import Event
from sokuji.pipeline.caller import Caller
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.audience import Audience
from sokuji.session.commitment import Commitment
from sokuji.session.conversation import Command, ConversationSettings, check_conversation
from sokuji.session.failures import FailureHandling
from sokuji.session.fan_out import FanOut
from sokuji.session.input import SessionInput
from sokuji.session.listener import Listener
from sokuji.session.load_shedding import LoadShedding
from sokuji.session.output import Observer, Publish, SessionOutput
from sokuji.session.recognition import Recognition
from sokuji.session.spool import SpoolBudget

RETRY_SHARE = 0.5
"""Share of ``max_backlog_s`` for which outages are waited out: the rest is for catching up."""
UNREAD_S = 1.0
"""A client that leaves an event unread for longer than this causes its lag itself."""
UNDELIVERED_SHARE = 0.5
"""Share of ``max_backlog_s`` that may be recognised and not delivered yet."""


AudioMeter = Callable[[float], Awaitable[None]]
"""Is told how much audio has come so far, in milliseconds; raises ``SokujiError`` when no more may come."""


async def _unmetered(received_ms: float) -> None:
    """The meter of a session that may last as long as any."""


class Session:
    """A conversation: ``run`` does the work while ``events`` is consumed.

    Args:
        session_id: stands in every log line of the conversation.
        begin_ms: where a conversation resumes that another connection began; 0: it is new.
        resumed_text: words behind ``begin_ms`` that have been delivered already (``Ack.text``).
        spool_budget: of the audio of all sessions that waits on disk; None: of this one alone.
        activity: is told when somebody speaks; None: nobody wants to know.
        recording: gets what comes in and goes out, for an operator; None: nobody looks into it.
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
        spool_budget: SpoolBudget | None = None,
        activity: SpeechActivity | None = None,
        recording: SessionRecording | None = None,
        vad: VoiceActivity | None = None,
    ) -> None:
        self.session_id = session_id
        self._begin_ms = begin_ms
        pipeline = pipeline.on_behalf_of(Caller(session_id, lambda: self._input.is_live))
        self._pipeline = pipeline
        self._tasks = asyncio.TaskGroup()
        self._meter: AudioMeter = _unmetered
        self._activity = activity or SpeechActivity()
        self._recording = recording
        load = LoadShedding(settings.streaming, lambda: self._input.is_live)
        self._observer: Observer | None = None
        self._output = SessionOutput(session_id, load, begin_ms, resumed_text, self._observe)
        self._input = SessionInput(
            settings.limits,
            settings.streaming.drain_s,
            begin_ms,
            acknowledged_ms=lambda: self._output.acknowledged_ms,
            is_delivered=lambda: self._recognition.is_idle and self._output.oldest_due is None,
            budget=spool_budget,
        )
        self._detector = UtteranceDetector(settings.segmentation, begin_ms, vad)
        failures = FailureHandling(session_id, self._output, RETRY_SHARE * settings.limits.max_backlog_s)
        self._audience = Audience()
        self._fan_out = FanOut(pipeline, self._output, failures, self._audience, self._tasks)
        commitment = Commitment(self._output, self._fan_out)
        self._recognition = Recognition(
            pipeline,
            commitment,
            failures,
            load,
            resumed_text,
            pause_recognised=lambda pause, transcript: self._listener.pause_recognised(pause, transcript),
        )
        self._listener = Listener(
            session_id,
            settings.streaming,
            1_000 * UNDELIVERED_SHARE * settings.limits.max_backlog_s,
            source=self._input,
            detector=self._detector,
            recognition=self._recognition,
            fan_out=self._fan_out,
            output=self._output,
            activity=self._activity,
            lag_ms=lambda: self.lag_ms,
        )

    @property
    def drained(self) -> bool:
        """Whether ``events`` has ended because the service is going away."""
        return self._input.drained

    @property
    def ended(self) -> bool:
        """Whether no more audio comes."""
        return self._input.ended

    @property
    def lag_ms(self) -> int:
        """How far the output is behind what has been spoken, unless the client does not take it."""
        if self._output.unread_s > UNREAD_S:
            return 0
        position_ms = self._detector.position_ms
        dues = (
            self._output.oldest_due,
            self._recognition.oldest_due,
            self._input.spoken_at(position_ms, position_ms),
        )
        oldest = min(due for due in dues if due is not None)
        return max(0, round(1_000 * (time.monotonic() - oldest)))

    @property
    def received_ms(self) -> float:
        """Audio accepted so far, that of connections before this one included."""
        return self._input.received_ms

    def observe(self, observer: Observer) -> None:
        """Have ``observer`` told of each event that leaves; call it before ``run``.

        There are no latencies where the client sends faster than speech: nobody waits for what it sends.
        """
        self._observer = observer

    def broadcast(self, publish: Publish) -> None:
        """Have every event handed to an audience as well, as it leaves; call it before ``run``."""
        self._output.publish = publish

    async def attend(self, languages: Mapping[str, bool], listeners: int) -> None:
        """Translate to the languages of the audience too, from the next segment on, and tell the client.

        Args:
            languages: canonical code -> whether anybody wants to hear it. The routes must have been checked.
            listeners: how many people there are.
        """
        self._audience.want(languages)
        await self._output.emit(events.Attendance(listeners=listeners, languages=tuple(languages)))

    def configure(self, conversation: ConversationSettings) -> None:
        """Begin, or change the settings: the utterance in progress ends under the old ones.

        Raises:
            UnsupportedLanguage, UnknownVoice, NotSupported: as ``check_conversation``; nothing has changed.
        """
        check_conversation(conversation, self._pipeline.catalogue)
        self._input.put(conversation)

    def meter(self, meter: AudioMeter) -> None:
        """Have the audio that comes counted from now on, with all that has come."""
        self._meter = meter

    async def hold_back(self) -> None:
        """Wait until the client may send more; nothing of it should be read before.

        Raises:
            SokujiError: from the meter; nothing more should be read.
        """
        await self._meter(self._input.received_ms - self._begin_ms)
        await self._input.hold_back()

    def feed(self, pcm: bytes) -> None:
        """Accept audio; see ``SessionInput.feed`` for the format and the errors."""
        self._input.feed(pcm)
        if self._recording is not None:
            self._recording.heard(pcm)

    def flush(self) -> None:
        """End the utterance here, whatever voice activity detection says; ``Boundary`` follows."""
        self._input.put(Command.FLUSH)

    def clear(self) -> None:
        """Drop the utterance in progress; ``Boundary`` follows.

        If a clause of it has been committed, it ends here instead.
        """
        self._input.put(Command.CLEAR)

    def end(self) -> None:
        """Expect no more audio: finish everything, then emit ``Done``."""
        self._input.put(Command.END)

    def cancel(self) -> None:
        """Stop speaking and drop what has been committed but not spoken; captions stay.

        That goes for audio too that was sent before the command and still waits.
        """
        if not self.ended:
            self._input.put(Command.CANCEL)
        self._output.expect_mute()
        self._fan_out.stop_muted_voices()

    def cancel_before(self, segment_id: int) -> None:
        """Like ``cancel``, at once, for the segments before one."""
        self._output.mute_before((segment_id, 0))
        self._fan_out.stop_muted_voices()

    def close(self) -> None:
        """Expect no more audio, although the client has not ended it: finish everything, without ``Done``."""
        self._input.close()

    def drain(self) -> None:
        """Finish the utterance in progress, acknowledge, and end without ``Done``: the service goes away."""
        self._input.drain()

    async def report(self, error: SokujiError) -> None:
        """Emit the error of a bad message, in order with everything else."""
        await self._output.emit(events.Failed(error))

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happened, in order; ends with ``Done`` if the client has ended its audio."""
        async for event in self._output.events():
            if self._recording is not None:
                self._recording.event(event)
            yield event

    async def run(self) -> None:
        """Work until all audio has been processed; cancelling it leaves nothing running."""
        try:
            async with self._tasks:
                self._tasks.create_task(self._recognise())
                self._tasks.create_task(self._listener.run())
        finally:
            self._activity.end()
            self._input.free()
            await self._fan_out.aclose()
        if self.drained:
            await self._output.acknowledge_silence(self._detector.settled_ms)
        else:
            await self._output.acknowledge_all(round(self._input.received_ms))
            if not self._input.closed:
                await self._output.emit(events.Done())
        await self._output.close()

    def _observe(self, event: Event, latency_s: float | None) -> None:
        if self._observer is not None:
            awaited = self._input.is_live and latency_s is not None and latency_s >= 0
            self._observer(event, latency_s if awaited else None)

    async def _recognise(self) -> None:
        await self._recognition.run()
        self._fan_out.end()
