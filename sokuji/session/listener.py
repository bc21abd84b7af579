"""Takes what a client sends, message by message, and hands what is spoken in it to recognition.

Audio goes to the utterance detector, which resamples it, rates it for speech and finds where utterances
begin, pause and end. ``Recognition`` follows these events. What it recognises in a pause comes back to the
detector, which waits less where the words are complete, and longer where they are not.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Literal

from sokuji import events
from sokuji.admission.speech_activity import SpeechActivity
from sokuji.audio.segment_events import (
    SegmentEvent,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    Utterance,
)
from sokuji.audio.utterance_detector import UtteranceDetector
from sokuji.config import StreamingSettings
from sokuji.contract import Transcript
from sokuji.session.conversation import Command, ConversationSettings, Message
from sokuji.session.fan_out import FanOut
from sokuji.session.input import SessionInput
from sokuji.session.output import SessionOutput
from sokuji.session.recognition import Recognition
from sokuji.session.segment import CommitPolicy
from sokuji.text.completeness import completeness

SILENT_ACK_MS = 2_000
"""How much silence passes between two acks while nobody speaks."""


class Listener:
    """Owns the settings in force; ``run`` processes all messages.

    Args:
        session_id: as clients are told.
        max_undelivered_ms: speech that may be recognised and not delivered yet.
        activity: is told when somebody speaks.
        lag_ms: returns how far the output is behind.
    """

    def __init__(
        self,
        session_id: str,
        settings: StreamingSettings,
        max_undelivered_ms: float,
        *,
        source: SessionInput,
        detector: UtteranceDetector,
        recognition: Recognition,
        fan_out: FanOut,
        output: SessionOutput,
        activity: SpeechActivity,
        lag_ms: Callable[[], int],
    ) -> None:
        self._session_id = session_id
        self._settings = settings
        self._max_undelivered_ms = max_undelivered_ms
        self._source = source
        self._detector = detector
        self._recognition = recognition
        self._fan_out = fan_out
        self._output = output
        self._activity = activity
        self._lag_ms = lag_ms
        self._conversation: ConversationSettings | None = None
        self._pause: tuple[Utterance, float] | None = None
        """The last one that has been recognised, and how complete its words are."""

    async def run(self) -> None:
        """Process messages in the order in which they came; nothing here waits for a model."""
        detector = self._detector
        while (message := await self._next_message()) is not None:
            if isinstance(message, bytes):
                await self._wait_for_delivery()
                await self._process(await asyncio.to_thread(detector.push, message))
                await self._recognise_ahead()
                await self._report_progress()
            elif isinstance(message, ConversationSettings):
                # Settings that change nothing leave the utterance in progress whole.
                if message != self._conversation:
                    await self._process(await asyncio.to_thread(self._reconfigure, message))
                await self._begin(message)
            elif message is Command.FLUSH or (
                message is Command.CLEAR and self._recognition.is_partly_committed
            ):
                await self._process(await asyncio.to_thread(detector.flush))
                await self._output.emit(events.Boundary(detector.position_ms))
            elif message is Command.CLEAR:
                await self._process(await asyncio.to_thread(detector.clear))
                self._recognition.discard()
                await self._output.emit(events.Boundary(detector.position_ms))
            elif message is Command.RATE_PAUSE and self._pause is not None:
                await self._process(await asyncio.to_thread(detector.rate_pause, *self._pause))
                await self._report_progress()
            elif message is Command.SILENCE:
                await self._process(await asyncio.to_thread(detector.silence))
                await self._report_progress()
            elif message is Command.CANCEL:
                self._output.mute(self._recognition.next_position)
            elif message is Command.DRAIN:
                await self._output.emit(events.Draining(round(1_000 * self._settings.drain_s)))
        await self._process(await asyncio.to_thread(detector.flush))
        await self._recognition.end()

    def pause_recognised(self, pause: Utterance, transcript: Transcript) -> None:
        """Let the words before a pause decide how long it has to last to be the end."""
        self._pause = pause, completeness(transcript.text, transcript.language)
        self._source.notify(Command.RATE_PAUSE)

    async def _next_message(self) -> Message | None:
        silence_ms = self._detector.ending_silence_ms
        return await self._source.receive(
            in_speech=self._detector.in_speech,
            silence_s=None if silence_ms is None else (silence_ms + self._settings.late_audio_ms) / 1_000,
        )

    def _reconfigure(self, conversation: ConversationSettings) -> list[SegmentEvent]:
        return self._detector.configure(
            conversation.input_sample_rate,
            conversation.channels,
            conversation.segmentation,
            ends_by_silence=conversation.ends_by_silence,
            noise_suppression=conversation.noise_suppression,
        )

    async def _wait_for_delivery(self) -> None:
        """Wait while much of what has been recognised is not delivered: it waits in memory."""
        open_segment_id, _ = self._recognition.next_position
        through_ms = self._detector.position_ms - self._max_undelivered_ms
        await self._output.until_delivered(through_ms, before=(open_segment_id, 0))

    async def _begin(self, conversation: ConversationSettings) -> None:
        """Put settings into force."""
        self._conversation = conversation
        self._fan_out.open(conversation.target_languages)
        await self._output.emit(
            events.Ready(
                session_id=self._session_id,
                source_language=conversation.source_language or "auto",
                target_languages=conversation.target_languages,
                input_sample_rate=conversation.input_sample_rate,
                output_sample_rate=conversation.output_sample_rate if conversation.speak else None,
            )
        )

    async def _process(self, segment_events: Iterable[SegmentEvent]) -> None:
        """Hand what the detector found to recognition."""
        if self._conversation is None:
            return
        for event in segment_events:
            match event:
                case SpeechStarted():
                    # The work for others alone is learned from: that for a file gives way to it.
                    self._activity.speaking(self._source.is_live)
                    commit = self._conversation.commit or self._settings.commit
                    policy = CommitPolicy(
                        commit, self._settings.run_on_ms, self._settings.partial_translations
                    )
                    self._recognition.begin(event.segment_id, self._conversation, policy)
                    await self._emit_speech("started", event)
                case SpeechPaused():
                    self._recognition.pause(event.utterance)
                case SpeechResumed():
                    self._recognition.resume()
                case SpeechStopped():
                    self._activity.speaking(False)
                    self._recognition.stop()
                    self._output.note_end_of_speech(event.segment_id, self._said_at(event.at_ms))
                    await self._emit_speech("stopped", event)
                case Utterance():
                    due = self._source.spoken_at(event.end_ms, self._detector.position_ms)
                    await self._recognition.complete(event, due)

    def _said_at(self, at_ms: int) -> float:
        """When a time of the session was (monotonic seconds), at the pace at which speech is heard."""
        position_ms = self._detector.position_ms
        return self._source.spoken_at(position_ms, position_ms) - (position_ms - at_ms) / 1_000

    async def _emit_speech(
        self, state: Literal["started", "stopped"], event: SpeechStarted | SpeechStopped
    ) -> None:
        await self._output.emit(events.Speech(state=state, at_ms=event.at_ms, segment_id=event.segment_id))

    async def _recognise_ahead(self) -> None:
        """Split the open segment if it has become long, and recognise what there is of it."""
        self._detector.set_earliest_cut(self._recognition.hypothesis_ms)
        await self._process(self._recognition.split(self._detector.split))
        detector = self._detector
        if self._recognition.wants_hypothesis(detector.open_ms, falls_silent=detector.falls_silent):
            utterance = self._detector.open_utterance()
            if utterance is not None:
                self._recognition.hypothesise(utterance)

    async def _report_progress(self) -> None:
        """Acknowledge silence, and report a change of the load."""
        if self._recognition.is_idle:
            self._activity.settle()
            settled_ms = self._detector.settled_ms
            await self._output.acknowledge_silence(settled_ms, at_least_ms=SILENT_ACK_MS)
        if self._output.load_changed:
            await self._output.report_load(self._lag_ms())
