"""Events of a session as deltas: append-only text that a client joins as it comes, and base64 audio.

A delta has the space in front that the language writes. ``elapsed_ms`` is where in the input was said what
the delta has, in whole steps; it never goes back. No delta waits for a step.
"""

from sokuji import events
from sokuji.api.openai.wire import JSONObject, encode_audio, server_event
from sokuji.text.punctuation import with_space

STEP_MS = 200
_EARLIER = "."
"""Stands for the end of what another connection has delivered."""


class Deltas:
    """Makes the deltas of one connection.

    Args:
        begin_ms: where the session goes on that another connection began; 0: it is new.
        resumed_text: words behind ``begin_ms`` whose transcript has been delivered.
    """

    def __init__(self, begin_ms: int = 0, resumed_text: str = "") -> None:
        self._ends: dict[int, int] = {}
        """Segment -> where it ends, or how far it is known, in ms of the input."""
        self._elapsed_ms = begin_ms // STEP_MS * STEP_MS
        self._resumed_text = resumed_text
        resumed = begin_ms > 0 or bool(resumed_text)
        self._before_output = _EARLIER if resumed else ""
        self._before_input = _EARLIER if resumed else ""
        self._outputs: dict[str, str] = {}
        """Target language -> the last characters of its transcript."""
        self._begun: dict[str, tuple[int, int, int]] = {}
        """Target language -> segment and clause of which the beginning has been sent, and how much of it."""
        self._segment_id: int | None = None
        self._shown_chars = 0
        """Characters of the transcript of this segment that have been sent."""

    def locate(self, event: events.Speech | events.Transcription) -> None:
        """Note where a segment is."""
        self._ends[event.segment_id] = event.at_ms if isinstance(event, events.Speech) else event.end_ms

    def forget(self, through_ms: int) -> None:
        """Forget the segments of which everything has been delivered."""
        self._ends = {key: end for key, end in self._ends.items() if end > through_ms}

    def input_transcript(self, event: events.Transcription) -> JSONObject | None:
        """The stable words that have not been sent yet; None: there are none."""
        if event.segment_id != self._segment_id:
            self._segment_id = event.segment_id
            self._shown_chars = len(self._resumed_text) if event.text.startswith(self._resumed_text) else 0
            self._resumed_text = ""
        text = event.text[self._shown_chars : event.stable_chars]
        if not text:
            return None
        delta = text if self._shown_chars else with_space(self._before_input, text)
        self._shown_chars, self._before_input = event.stable_chars, text
        return self._delta("session.input_transcript.delta", delta, event.segment_id)

    def output_transcript(self, event: events.TranslationText, language: str | None) -> JSONObject | None:
        """The translation of a clause, from where it has been sent; None: there are no more words.

        Args:
            language: for the event, if it has to say which it is in.
        """
        frame = self._output(event, event.text, language)
        self._begun.pop(event.target_language, None)
        return frame

    def stable_output(self, event: events.PartialTranslation, language: str | None) -> JSONObject | None:
        """The words with which the translation of a clause will begin, from where they have been sent."""
        return self._output(event, event.text[: event.stable_chars], language)

    def _output(
        self, event: events.TranslationText | events.PartialTranslation, text: str, language: str | None
    ) -> JSONObject | None:
        target = event.target_language
        segment_id, clause, chars = self._begun.get(target, (event.segment_id, event.clause, 0))
        sent = chars if (segment_id, clause) == (event.segment_id, event.clause) else 0
        added = text[sent:]
        if not added:
            return None
        delta = added if sent else with_space(self._outputs.get(target, self._before_output), added)
        self._begun[target] = event.segment_id, event.clause, len(text)
        self._outputs[target] = added[-1]
        return self._delta("session.output_transcript.delta", delta, event.segment_id, language)

    def output_audio(self, event: events.Audio, language: str | None) -> JSONObject | None:
        """A chunk of the voice; None: it has no samples. ``language`` as above."""
        if not event.pcm:
            return None
        frame = self._delta("session.output_audio.delta", encode_audio(event.pcm), event.segment_id, language)
        return {**frame, "sample_rate": event.sample_rate, "channels": 1, "format": "pcm16"}

    def _delta(self, kind: str, delta: str, segment_id: int, language: str | None = None) -> JSONObject:
        at_ms = self._ends.get(segment_id, 0) // STEP_MS * STEP_MS
        self._elapsed_ms = max(self._elapsed_ms, at_ms)
        named = {} if language is None else {"language": language}
        return server_event(kind, delta=delta, elapsed_ms=self._elapsed_ms, **named)
