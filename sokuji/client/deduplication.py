"""Removes from a resumed conversation what the application has already received: pure.

The service keeps no state of a lost connection. On a new one it processes the audio since the last
acknowledgement again, with new segment ids, and repeats what it had delivered since then. ``Deduplicator``
recognises the repeats: segments by their times, clauses by their text. It therefore also works where the
service splits the same speech into other segments or clauses than before.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sokuji import events
from sokuji.client.delivery_history import (
    TOLERANCE_MS,
    DeliveredSegment,
    DeliveredText,
    DeliveryHistory,
    PendingRepeat,
    RepeatMatch,
    overlaps,
)

_TRANSCRIPTS = "transcripts"
"""The track of the final transcripts; the other tracks are named by their target language."""
_SPEECH_STOPPED = "speech stopped"
"""Stands for a track in ``DeliveredSegment.finished``."""


@dataclass(slots=True)
class _AudioTarget:
    """How the audio of a clause is delivered."""

    text: DeliveredText | None
    """The delivered text that it belongs to; None: it has been acknowledged."""
    skip_bytes: int | None
    """How much of it is a repeat; None: all. Chunks do not tell, because the same audio can be divided
    otherwise the next time."""


@dataclass(slots=True)
class _ServiceSegment:
    """A segment of the present connection."""

    id: int
    start_ms: int
    end_ms: int | None = None
    own: DeliveredSegment | None = None
    """Created for new content that belongs to no segment of an earlier connection."""
    audio: dict[tuple[str, int], _AudioTarget] = field(default_factory=dict)
    """By target language and clause."""


class Deduplicator:
    """Turns the events of any number of connections into those of one conversation."""

    def __init__(self) -> None:
        self.acked = events.Ack(0)
        """The position from which another connection has to resume."""
        self._tracks: defaultdict[str, DeliveryHistory] = defaultdict(DeliveryHistory)
        self._segments: list[DeliveredSegment] = []
        """Those that are not acknowledged."""
        self._earlier: list[DeliveredSegment] = []
        """Those of them that started on an earlier connection."""
        self._failures: dict[int, Counter[str]] = {}
        """Segment id -> error codes that will be repeated."""
        self._current: dict[int, _ServiceSegment] = {}
        self._last_id = -1
        self._resumed = False

    def resume(self) -> None:
        """The connection was lost: the next events come from the audio since the last acknowledgement."""
        self._earlier = list(self._segments)
        self._resumed = True
        self._failures = {each.id: each.failures.copy() for each in self._segments}
        self._current.clear()
        for track in self._tracks.values():
            track.expect_repeats()

    def cancel_audio(self) -> None:
        """The application has cancelled the voice: the texts delivered so far need no more audio."""
        for track in self._tracks.values():
            track.cancel_audio()

    def process(self, event: events.Event) -> events.Event | None:
        """The event as the application should see it; None where the application has it already."""
        match event:
            case events.Ack():
                self._acknowledge(event)
            case events.Speech():
                return self._speech(event)
            case events.Transcription():
                return self._final_transcript(event) if event.is_final else self._partial_transcript(event)
            case events.TranslationText():
                return self._translation(event)
            case events.PartialTranslation():
                return self._partial_translation(event)
            case events.Audio():
                return self._audio(event)
            case events.Failed():
                return self._failed(event)
        return event

    def _acknowledge(self, ack: events.Ack) -> None:
        self.acked = ack
        self._segments = [each for each in self._segments if each.start_ms >= ack.through_ms]
        self._earlier = [each for each in self._earlier if each.start_ms >= ack.through_ms]
        self._current = {each.id: each for each in self._current.values() if each.start_ms >= ack.through_ms}
        for track in self._tracks.values():
            track.forget_segments(ack.through_ms)
        for segment in self._current.values():
            if self._acknowledge_clause(segment, ack.clauses - 1):
                break

    def _acknowledge_clause(self, segment: _ServiceSegment, clause: int) -> bool:
        """Forget the clauses of an open segment up to ``clause``; False: the segment has no such clause."""
        acknowledged = [
            (track, target.text) for (track, number), target in segment.audio.items() if number == clause
        ]
        for track, last in acknowledged:
            if last is not None:
                self._tracks[track].forget_clauses(last)
        return bool(acknowledged)

    def _speech(self, event: events.Speech) -> events.Event | None:
        current = self._segment(event.segment_id, event.at_ms)
        if event.state == "started":
            if self._same_speech(current):
                return None
            return replace(event, segment_id=self._own(current).id)
        current.end_ms = event.at_ms
        segment = self._segment_for_new(current, _SPEECH_STOPPED)
        if segment is None:
            return None
        segment.finished.add(_SPEECH_STOPPED)
        segment.end_ms = event.at_ms
        return replace(event, segment_id=segment.id)

    def _partial_transcript(self, event: events.Transcription) -> events.Event | None:
        current = self._segment(event.segment_id, event.start_ms)
        segment = next(iter(self._same_speech(current)), None) or self._own(current)
        if _TRANSCRIPTS in segment.finished or event.end_ms <= segment.partial_end_ms:
            return None
        segment.partial_end_ms = event.end_ms
        return replace(event, segment_id=segment.id)

    def _final_transcript(self, event: events.Transcription) -> events.Event | None:
        current = self._segment(event.segment_id, event.start_ms)
        current.end_ms = event.end_ms
        repeats, text = self._match(current, _TRANSCRIPTS, event.text)
        if text is None:
            if repeats:
                repeats[-1].delivered.segment.end_ms = event.end_ms
            return None
        segment = self._segment_for_new(current, _TRANSCRIPTS) or self._own(current)
        segment.end_ms = event.end_ms
        segment.finished.add(_TRANSCRIPTS)
        self._tracks[_TRANSCRIPTS].add(DeliveredText(segment, 0, text))
        return replace(event, segment_id=segment.id, text=text, stable_chars=len(text))

    def _translation(self, event: events.TranslationText) -> events.Event | None:
        current, language = self._segment(event.segment_id, self.acked.through_ms), event.target_language
        repeats, text = self._match(current, language, event.text)
        if text is not None:
            segment = self._segment_for_new(current, language) or (self._own(current) if text else None)
            if segment is None:
                return None
            return self._deliver(current, segment, replace(event, text=text), repeats)
        current.audio[language, event.clause] = _repeated_audio(repeats)
        if repeats and event.is_final and language not in repeats[-1].delivered.segment.finished:
            return self._deliver(current, repeats[-1].delivered.segment, replace(event, text=""), repeats)
        return None

    def _partial_translation(self, event: events.PartialTranslation) -> events.Event | None:
        """Left out as long as the segment may repeat what has been delivered."""
        current = self._segment(event.segment_id, self.acked.through_ms)
        if self._same_speech(current):
            return None
        return replace(event, segment_id=self._own(current).id)

    def _deliver(
        self,
        current: _ServiceSegment,
        segment: DeliveredSegment,
        event: events.TranslationText,
        repeats: Sequence[PendingRepeat],
    ) -> events.Event:
        language = event.target_language
        clause = event.clause if segment is current.own else segment.next_clause[language]
        segment.next_clause[language] = clause + 1
        text = DeliveredText(segment, clause, event.text, audio_complete=not event.text)
        self._tracks[language].add(text)
        target = _AudioTarget(text, sum(each.audio_bytes for each in repeats))
        current.audio.setdefault((language, event.clause), target)
        if event.is_final:
            segment.finished.add(language)
        return replace(event, segment_id=segment.id, clause=clause)

    def _audio(self, event: events.Audio) -> events.Event | None:
        current, language = self._segment(event.segment_id, self.acked.through_ms), event.target_language
        target = current.audio.get((language, event.clause))
        if target is None:
            target = _AudioTarget(DeliveredText(self._own(current), event.clause, ""), 0)
            current.audio[language, event.clause] = target
        if target.text is None or target.skip_bytes is None:
            return None
        skipped = min(target.skip_bytes, len(event.pcm))
        target.skip_bytes -= skipped
        if skipped and skipped == len(event.pcm) and not event.last:
            return None
        text, chunk = target.text, target.text.chunks
        text.chunks += 1
        text.audio_bytes += len(event.pcm) - skipped
        text.audio_complete = text.audio_complete or event.last
        self._tracks[language].add_audio(text)
        return replace(
            event, segment_id=text.segment.id, clause=text.clause, chunk=chunk, pcm=event.pcm[skipped:]
        )

    def _failed(self, event: events.Failed) -> events.Event | None:
        if event.segment_id is None:
            return event
        current, code = self._segment(event.segment_id, self.acked.through_ms), event.error.code
        known = self._same_speech(current)
        for each in known:
            if self._failures[each.id][code]:
                self._failures[each.id][code] -= 1
                return None
        segment = known[0] if known else self._own(current)
        segment.failures[code] += 1
        return replace(event, segment_id=segment.id)

    def _segment(self, number: int, start_ms: int) -> _ServiceSegment:
        """The segment of this connection with that id; a new one starts at ``start_ms``."""
        return self._current.setdefault(number, _ServiceSegment(number, start_ms))

    def _same_speech(self, current: _ServiceSegment) -> list[DeliveredSegment]:
        """Segments of earlier connections with the same speech; of an open segment, all from the first on."""
        known = [each for each in self._earlier if overlaps(each, current.start_ms, current.end_ms)]
        if known and current.end_ms is None:
            return self._earlier[self._earlier.index(known[0]) :]
        return known

    def _own(self, current: _ServiceSegment) -> DeliveredSegment:
        if current.own is None:
            number = self._last_id + 1 if self._resumed else current.id
            current.own = DeliveredSegment(number, current.start_ms, current.end_ms)
            self._segments.append(current.own)
            self._last_id = max(self._last_id, number)
        return current.own

    def _segment_for_new(self, current: _ServiceSegment, track: str) -> DeliveredSegment | None:
        """The segment to deliver new content in; None: the application has all of this track in it."""
        known = self._same_speech(current)
        if not known:
            return self._own(current)
        return next((each for each in known if track not in each.finished), None)

    def _match(self, current: _ServiceSegment, track: str, text: str) -> RepeatMatch:
        known = self._same_speech(current)
        last_ms = max((each.end_ms or 0 for each in known), default=0) + TOLERANCE_MS
        ends_within = current.end_ms is not None and current.end_ms <= last_ms
        complete = bool(known) and ends_within and all(track in each.finished for each in known)
        return self._tracks[track].match(text, known, complete=complete)


def _repeated_audio(repeats: Sequence[PendingRepeat]) -> _AudioTarget:
    """The target of the audio of a clause that only repeats delivered texts."""
    complete = all(each.delivered.audio_complete for each in repeats)
    last = repeats[-1].delivered if repeats else None
    return _AudioTarget(last, None if complete else sum(each.audio_bytes for each in repeats))
