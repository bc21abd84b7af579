"""The contents of a session's responses: captions, clauses of the translation and its voice.

``sokuji.measure.latency`` keeps the times of a conversation; this keeps what quality is judged by. All times
are monotonic seconds.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from sokuji import events
from sokuji.audio.pcm import AudioBuffer
from sokuji.audio.resampling import resample


@dataclass(frozen=True, slots=True)
class OutputChunk:
    """A clause of a translation as text, or a chunk of its voice, that came at ``at``."""

    at: float
    read_ms: int
    """Up to where the recording had been read, by the last caption before it, partial or final.

    That caption may be newer than the one that the chunk was made from, so this may be too large.
    """
    is_late: bool
    """Whether the last caption before it was final: all of the utterance had been read."""
    text: str = ""
    pcm: bytes = b""
    sample_rate: int = 0

    @property
    def duration_ms(self) -> float:
        """Duration of its sound."""
        return len(self.pcm) / 2 / self.sample_rate * 1_000 if self.sample_rate else 0.0


@dataclass(slots=True, eq=False)
class UtteranceResponse:
    """What came back for speech that the service took for one utterance, at a place of the recording."""

    start_ms: int = 0
    end_ms: int = 0
    captions: list[events.Transcription] = field(default_factory=list)
    """Partial ones and the final one, in order of arrival."""
    clauses: list[OutputChunk] = field(default_factory=list)
    voice: list[OutputChunk] = field(default_factory=list)
    ended_at: float | None = None
    """When the service said that the utterance is over."""
    final_at: float | None = None
    """When the final caption came."""

    @property
    def text(self) -> str:
        """The final caption; empty where nothing was understood."""
        return next((each.text for each in self.captions if each.is_final), "")

    @property
    def translation(self) -> str:
        """All its clauses; a mark that came after the word before it touches that."""
        return "".join(each.text for each in self.clauses).strip()

    def sound(self, sample_rate: int) -> bytes:
        """Its voice as mono int16 PCM."""
        sound = AudioBuffer()
        for each in self.voice:
            sound.add(each.pcm, each.sample_rate)
        return resample(bytes(sound.pcm), sound.sample_rate, sample_rate) if sound.pcm else b""

    def overlaps(self, start_ms: int, end_ms: int) -> bool:
        """Whether its speech lies, at least in part, between two times of the recording."""
        return self.start_ms < end_ms and self.end_ms > start_ms

    def chunk(self, at: float, text: str = "", pcm: bytes = b"", sample_rate: int = 0) -> OutputChunk:
        """Output that came at ``at``, with what had been read of the utterance by then."""
        read_ms = self.captions[-1].end_ms if self.captions else self.start_ms
        is_late = bool(self.captions) and self.captions[-1].is_final
        return OutputChunk(at, read_ms, is_late, text, pcm, sample_rate)


class ResponseLog:
    """Keeps the events of a conversation, of translations and voices those in the language ``target``."""

    def __init__(self, target: str) -> None:
        self.revisions = 0
        """Captions, clauses and stable words that had been committed and came again with other words."""
        self._target = target
        self._utterances: defaultdict[int, UtteranceResponse] = defaultdict(UtteranceResponse)
        self._clauses: dict[tuple[int, int], str] = {}

    @property
    def utterances(self) -> list[UtteranceResponse]:
        """In the order of their segments."""
        return [self._utterances[number] for number in sorted(self._utterances)]

    def note(self, event: events.Event, at: float) -> None:
        """``event`` came at ``at``."""
        match event:
            case events.Speech():
                utterance = self._utterances[event.segment_id]
                utterance.end_ms = event.at_ms
                if event.state == "started":
                    utterance.start_ms = event.at_ms
                else:
                    utterance.ended_at = at
            case events.Transcription():
                utterance = self._utterances[event.segment_id]
                self.revisions += any(not _extends(earlier, event) for earlier in utterance.captions)
                utterance.captions.append(event)
                if event.is_final:
                    utterance.final_at = at
            case events.TranslationText() if event.target_language == self._target:
                self._note_translation(event, event.text, at)
            case events.PartialTranslation() if event.target_language == self._target:
                self._note_translation(event, event.text[: event.stable_chars], at)
            case events.Audio() if event.target_language == self._target:
                utterance = self._utterances[event.segment_id]
                utterance.voice.append(utterance.chunk(at, "", event.pcm, event.sample_rate))

    def _note_translation(
        self, event: events.TranslationText | events.PartialTranslation, text: str, at: float
    ) -> None:
        """The translation of a clause has come, or the words with which it will begin."""
        place = event.segment_id, event.clause
        known = self._clauses.get(place, "")
        self.revisions += not text.startswith(known)
        added = text[len(known) :].rstrip()
        if added or place not in self._clauses:
            utterance = self._utterances[event.segment_id]
            begin = "" if known else " "
            utterance.clauses.append(utterance.chunk(at, begin + added))
        self._clauses[place] = text


def _extends(earlier: events.Transcription, later: events.Transcription) -> bool:
    """Whether everything committed with the earlier caption of an utterance stands in the later one."""
    if earlier.is_final:
        return later.is_final and later.text == earlier.text
    return later.text.startswith(earlier.text[: earlier.stable_chars])
