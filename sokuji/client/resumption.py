"""What a service that resumes a conversation says again, and what the application must not hear twice: pure.

The service keeps nothing of a conversation whose connection is lost. It starts over behind the last
acknowledgement, with new segment ids, and what had been delivered since then comes again. ``Continuity``
knows what the application has of it. It joins segments by their times and clauses by their words, so that it
also holds where the same speech is cut into other segments or clauses than before.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sokuji import events
from sokuji.client.unacknowledged import (
    SLACK_MS,
    ExpectedRepeat,
    ReceivedSegment,
    ReceivedText,
    Track,
    overlaps,
)

_CAPTION = "caption"
"""Captions are a track like the translations, which are known by their language."""
_STOP = "stop"
"""What else ends once."""


@dataclass(slots=True)
class _Route:
    """Where the voice of a clause belongs."""

    told: ReceivedText | None
    """None: to something that is past."""
    skip: int | None
    """So many chunks of it the application has; None: all."""
    offset: int | None = None
    """From the number of a chunk to that which the application sees; None until there is one."""


@dataclass(slots=True)
class _Here:
    """A segment of the present connection."""

    id: int
    start_ms: int
    end_ms: int | None = None
    own: ReceivedSegment | None = None
    """The application's segment for what is new in it, where no older one takes that up."""
    routes: dict[tuple[str, int], _Route] = field(default_factory=dict)


class Continuity:
    """Passes on the events of a conversation, through any number of connections, as if there were one."""

    def __init__(self) -> None:
        self.acked = events.Ack(0)
        """Where another connection has to begin."""
        self._tracks: defaultdict[str, Track] = defaultdict(Track)
        self._segments: list[ReceivedSegment] = []
        """Those that have not been acknowledged."""
        self._before: list[ReceivedSegment] = []
        """Those of them that began in a connection that is lost."""
        self._failures: dict[int, Counter[str]] = {}
        """Segment id -> error codes that will come again."""
        self._here: dict[int, _Here] = {}
        self._last_id = -1
        self._resumed = False

    def resume(self) -> None:
        """The connection is lost: what comes next answers the audio since the last ack."""
        self._before = list(self._segments)
        self._resumed = True
        self._failures = {each.id: each.failures.copy() for each in self._segments}
        self._here.clear()
        for track in self._tracks.values():
            track.resume()

    def mute(self) -> None:
        """The application has cancelled the voice: what it has been told need not be spoken again."""
        for track in self._tracks.values():
            track.mute()

    def take(self, event: events.Event) -> events.Event | None:
        """The event as the application should see it; None where it has it already."""
        match event:
            case events.Ack():
                self._acknowledge(event)
            case events.Speech():
                return self._speech(event)
            case events.Transcription():
                return self._caption(event) if event.is_final else self._partial(event)
            case events.TranslationText():
                return self._translation(event)
            case events.Audio():
                return self._audio(event)
            case events.Failed():
                return self._failed(event)
        return event

    def _acknowledge(self, ack: events.Ack) -> None:
        self.acked = ack
        self._segments = [each for each in self._segments if each.start_ms >= ack.through_ms]
        self._before = [each for each in self._before if each.start_ms >= ack.through_ms]
        self._here = {number: here for number, here in self._here.items() if here.start_ms >= ack.through_ms}
        for track in self._tracks.values():
            track.forget_segments(ack.through_ms)
        for here in self._here.values():
            if self._cover(here, ack.clauses - 1):
                break

    def _cover(self, here: _Here, clause: int) -> bool:
        """Of a segment in progress, the clauses up to that one do not come again."""
        covered = [(track, route.told) for (track, number), route in here.routes.items() if number == clause]
        for track, last in covered:
            if last is not None:
                self._tracks[track].forget_clauses(last)
        return bool(covered)

    def _speech(self, event: events.Speech) -> events.Event | None:
        here = self._at(event.segment_id, event.at_ms)
        if event.state == "started":
            if self._known(here):
                return None
            return replace(event, segment_id=self._own(here).id)
        here.end_ms = event.at_ms
        segment = self._home(here, _STOP)
        if segment is None:
            return None
        segment.closed.add(_STOP)
        segment.end_ms = event.at_ms
        return replace(event, segment_id=segment.id)

    def _partial(self, event: events.Transcription) -> events.Event | None:
        here = self._at(event.segment_id, event.start_ms)
        segment = next(iter(self._known(here)), None) or self._own(here)
        if _CAPTION in segment.closed or event.end_ms <= segment.partial_ms:
            return None
        segment.partial_ms = event.end_ms
        return replace(event, segment_id=segment.id)

    def _caption(self, event: events.Transcription) -> events.Event | None:
        here = self._at(event.segment_id, event.start_ms)
        here.end_ms = event.end_ms
        expected, text = self._match(here, _CAPTION, event.text)
        if text is None:
            for each in expected[-1:]:
                each.told.segment.end_ms = event.end_ms
            return None
        segment = self._home(here, _CAPTION) or self._own(here)
        segment.end_ms = event.end_ms
        segment.closed.add(_CAPTION)
        self._tracks[_CAPTION].tell(ReceivedText(segment, 0, text))
        return replace(event, segment_id=segment.id, text=text, stable_chars=len(text))

    def _translation(self, event: events.TranslationText) -> events.Event | None:
        here, language = self._at(event.segment_id, self.acked.through_ms), event.target_language
        expected, text = self._match(here, language, event.text)
        if text is not None:
            segment = self._home(here, language) or (self._own(here) if text else None)
            return None if segment is None else self._tell(here, segment, replace(event, text=text), expected)
        here.routes[language, event.clause] = _route(expected)
        for each in expected[-1:]:
            if event.is_final and language not in each.told.segment.closed:
                return self._tell(here, each.told.segment, replace(event, text=""), expected)
        return None

    def _tell(
        self,
        here: _Here,
        segment: ReceivedSegment,
        event: events.TranslationText,
        expected: Sequence[ExpectedRepeat],
    ) -> events.Event:
        language = event.target_language
        number = event.clause if segment is here.own else segment.next_clause[language]
        segment.next_clause[language] = number + 1
        told = ReceivedText(segment, number, event.text, complete=not event.text)
        self._tracks[language].tell(told)
        route = _Route(told, sum(each.chunks for each in expected), None if expected else 0)
        here.routes.setdefault((language, event.clause), route)
        if event.is_final:
            segment.closed.add(language)
        return replace(event, segment_id=segment.id, clause=number)

    def _audio(self, event: events.Audio) -> events.Event | None:
        here, language = self._at(event.segment_id, self.acked.through_ms), event.target_language
        route = here.routes.get((language, event.clause))
        if route is None:
            told = ReceivedText(self._own(here), event.clause, "")
            route = here.routes[language, event.clause] = _Route(told, 0, 0)
        if route.told is None or route.skip is None:
            return None
        if route.skip:
            route.skip -= 1
            return None
        told = route.told
        if route.offset is None:
            route.offset = told.chunks - event.chunk
        number = event.chunk + route.offset
        told.chunks = max(told.chunks, number + 1)
        told.complete = told.complete or event.last
        self._tracks[language].heard(told)
        return replace(event, segment_id=told.segment.id, clause=told.clause, chunk=number)

    def _failed(self, event: events.Failed) -> events.Event | None:
        if event.segment_id is None:
            return event
        here, code = self._at(event.segment_id, self.acked.through_ms), event.error.code
        known = self._known(here)
        for each in known:
            if self._failures[each.id][code]:
                self._failures[each.id][code] -= 1
                return None
        segment = known[0] if known else self._own(here)
        segment.failures[code] += 1
        return replace(event, segment_id=segment.id)

    def _at(self, number: int, start_ms: int) -> _Here:
        """The segment of this connection with that id; it begins at ``start_ms`` if it is new."""
        return self._here.setdefault(number, _Here(number, start_ms))

    def _known(self, here: _Here) -> list[ReceivedSegment]:
        """The application's segments with the same speech; while that goes on, all from the first of them."""
        known = [each for each in self._before if overlaps(each, here.start_ms, here.end_ms)]
        return self._before[self._before.index(known[0]) :] if known and here.end_ms is None else known

    def _own(self, here: _Here) -> ReceivedSegment:
        if here.own is None:
            number = self._last_id + 1 if self._resumed else here.id
            here.own = ReceivedSegment(number, here.start_ms, here.end_ms)
            self._segments.append(here.own)
            self._last_id = max(self._last_id, number)
        return here.own

    def _home(self, here: _Here, track: str) -> ReceivedSegment | None:
        """Where something new in ``here`` belongs; None where the application has all of that segment."""
        known = self._known(here)
        return next((each for each in known if track not in each.closed), None if known else self._own(here))

    def _match(self, here: _Here, track: str, text: str) -> tuple[Sequence[ExpectedRepeat], str | None]:
        known = self._known(here)
        last_ms = max((each.end_ms or 0 for each in known), default=0) + SLACK_MS
        over = here.end_ms is not None and here.end_ms <= last_ms
        settled = over and all(track in each.closed for each in known)
        return self._tracks[track].match(text, known, settled=settled and bool(known))


def _route(expected: Sequence[ExpectedRepeat]) -> _Route:
    """Where the voice of a clause belongs that repeats those."""
    complete = all(each.told.complete for each in expected)
    last = expected[-1].told if expected else None
    return _Route(last, None if complete else sum(each.chunks for each in expected))
