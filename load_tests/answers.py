"""What a session was answered, word for word, and to which of its sentences each answer belongs.

``sokuji.measure.latency`` keeps the times of a conversation; this keeps its contents, by which its quality is
judged.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sokuji import events
from sokuji.audio.pcm import AudioBuffer
from sokuji.audio.resampling import resample


@dataclass(frozen=True, slots=True)
class Piece:
    """A clause of a translation as text, or a piece of its voice."""

    at: float
    """When it came (monotonic seconds)."""
    read_ms: int
    """Up to where the recording had been read, by the last caption before it, partial or final.

    That caption may be newer than the one which the piece was made from, so this may be too much.
    """
    is_late: bool
    """Whether the whole utterance had been read."""
    text: str = ""
    pcm: bytes = b""
    sample_rate: int = 0

    @property
    def duration_ms(self) -> float:
        """How long it sounds."""
        return len(self.pcm) / 2 / self.sample_rate * 1_000 if self.sample_rate else 0.0


@dataclass(slots=True, eq=False)
class Utterance:
    """What came back for a piece of speech that the service took for one utterance."""

    start_ms: int = 0
    """Where its speech lies in the recording."""
    end_ms: int = 0
    captions: list[events.Transcription] = field(default_factory=list)
    """As they came: partial ones and the final one."""
    clauses: list[Piece] = field(default_factory=list)
    voice: list[Piece] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The final caption; empty where nothing was understood."""
        return next((each.text for each in self.captions if each.is_final), "")

    @property
    def translation(self) -> str:
        """All its clauses."""
        return " ".join(each.text for each in self.clauses if each.text)

    def sound(self, sample_rate: int) -> bytes:
        """Its voice, one piece behind the other, as mono int16 PCM."""
        sound = AudioBuffer()
        for each in self.voice:
            sound.add(each.pcm, each.sample_rate)
        return resample(bytes(sound.pcm), sound.sample_rate, sample_rate) if sound.pcm else b""


class Answers:
    """Takes the events of a conversation down.

    Args:
        target: the language whose translation and voice are kept.
    """

    def __init__(self, target: str) -> None:
        self.taken_back = 0
        """Captions, clauses and stable words that had been committed and came again with other words."""
        self._target = target
        self._utterances: defaultdict[int, Utterance] = defaultdict(Utterance)
        self._clauses: dict[tuple[int, int], str] = {}

    @property
    def utterances(self) -> list[Utterance]:
        """In the order of their segments."""
        return [self._utterances[number] for number in sorted(self._utterances)]

    def note(self, event: events.Event, at: float) -> None:
        """``event`` came at ``at`` (monotonic seconds)."""
        match event:
            case events.Speech(state="started"):
                self._utterances[event.segment_id].start_ms = event.at_ms
            case events.Speech(state="stopped"):
                self._utterances[event.segment_id].end_ms = event.at_ms
            case events.Transcription():
                utterance = self._utterances[event.segment_id]
                self.taken_back += any(not _grows(earlier, event) for earlier in utterance.captions)
                utterance.captions.append(event)
            case events.TranslationText() if event.target_language == self._target:
                known = self._clauses.setdefault((event.segment_id, event.clause), event.text)
                self.taken_back += known != event.text
                utterance = self._utterances[event.segment_id]
                utterance.clauses.append(Piece(at, *_read(utterance), event.text))
            case events.Audio() if event.target_language == self._target:
                utterance = self._utterances[event.segment_id]
                sounding = Piece(at, *_read(utterance), pcm=event.pcm, sample_rate=event.sample_rate)
                utterance.voice.append(sounding)


def _grows(earlier: events.Transcription, later: events.Transcription) -> bool:
    """Whether all that was committed with the earlier caption of an utterance still stands."""
    if earlier.is_final:
        return later.is_final and later.text == earlier.text
    return later.text.startswith(earlier.text[: earlier.stable_chars])


def _read(utterance: Utterance) -> tuple[int, bool]:
    """Up to where an utterance had been read, and whether that was all of it."""
    if not utterance.captions:
        return utterance.start_ms, False
    last = utterance.captions[-1]
    return last.end_ms, last.is_final


@dataclass(slots=True)
class Exchange:
    """Sentences that were heard together, mostly one, and what came back for them."""

    numbers: list[int]
    """Which sentences of the recording."""
    start_ms: int
    end_ms: int
    utterances: list[Utterance]
    """Mostly one; none: it was lost."""


def exchanges(
    spans_ms: Sequence[tuple[int, int]], utterances: Sequence[Utterance]
) -> tuple[list[Exchange], list[Utterance]]:
    """Sentences and utterances that lie at the same place; and utterances where nobody spoke.

    Where an utterance goes over several sentences these are one exchange: which words were said for which of
    them is not known.
    """
    found: list[Exchange] = []
    for number, (start_ms, end_ms) in enumerate(spans_ms):
        parts = [each for each in utterances if each.start_ms < end_ms and each.end_ms > start_ms]
        if parts and found and parts[0] in found[-1].utterances:
            found[-1].numbers.append(number)
            found[-1].end_ms = end_ms
            found[-1].utterances += parts[1:]
        else:
            found.append(Exchange([number], start_ms, end_ms, parts))
    placed = {id(utterance) for exchange in found for utterance in exchange.utterances}
    return found, [each for each in utterances if id(each) not in placed]
