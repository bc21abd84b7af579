"""Who speaks in a session: owns its speakers, and says which of them says which part of a text."""

from collections.abc import Sequence
from dataclasses import dataclass

from sokuji.contract import Transcript
from sokuji.pipeline.diarization import speaker_parts
from sokuji.pipeline.speaker_labels import SpeakerLabels
from sokuji.protocol import DEFAULT_MAX_SPEAKERS
from sokuji.session.conversation import ConversationSettings


@dataclass(frozen=True, slots=True)
class SpokenPart:
    """A part of a text, with who says it."""

    text: str
    """As it stands in the text, spaces included."""
    speaker: str | None


class SessionSpeakers:
    """Labels the speakers of one session. Nobody has a label where the client does not ask for it."""

    def __init__(self) -> None:
        self._labels = SpeakerLabels()

    def label(self, transcript: Transcript, conversation: ConversationSettings) -> "LabelledTranscript":
        """A final transcript with its speakers, who are remembered."""
        return self._labelled(transcript, conversation, remember=True)

    def foresee(self, transcript: Transcript, conversation: ConversationSettings) -> "LabelledTranscript":
        """A transcript that may yet change, with the labels that ``label`` would give."""
        return self._labelled(transcript, conversation, remember=False)

    def _labelled(
        self, transcript: Transcript, conversation: ConversationSettings, *, remember: bool
    ) -> "LabelledTranscript":
        if not conversation.diarize:
            return LabelledTranscript(transcript.text, ())
        self._labels.max_speakers = conversation.max_speakers or DEFAULT_MAX_SPEAKERS
        label = self._labels.label if remember else self._labels.foresee
        turns = [(part.start, label(part, transcript)) for part in speaker_parts(transcript)]
        return LabelledTranscript(transcript.text, turns)


@dataclass(frozen=True, slots=True)
class LabelledTranscript:
    """The text of a transcript, and who speaks from which character on; nothing of the speakers is known
    without turns."""

    text: str
    turns: Sequence[tuple[int, str]]

    @property
    def speaker(self) -> str | None:
        """Who says most of it; None: not known."""
        lengths: dict[str, int] = {}
        for start, end, speaker in self._spans:
            lengths[speaker] = lengths.get(speaker, 0) + end - start
        return max(lengths, key=lambda speaker: lengths[speaker]) if lengths else None

    def parts(self, text: str) -> list[SpokenPart]:
        """The parts of ``text``, one for each turn in it; together they are ``text``.

        Where ``text`` is not the end of the transcript, because other words have been committed, it is one
        part of who says most.
        """
        if not self.text.endswith(text) or not self.turns:
            return [SpokenPart(text, self.speaker)]
        return self._between(len(self.text) - len(text), len(self.text)) or [SpokenPart(text, self.speaker)]

    def speaker_between(self, start: int, end: int) -> str | None:
        """Who says most of the characters ``start`` to ``end``."""
        parts = self._between(start, end)
        return max(parts, key=lambda part: len(part.text)).speaker if parts else self.speaker

    @property
    def _spans(self) -> list[tuple[int, int, str]]:
        """First character, character behind the last, and speaker of each turn."""
        ends = [*(start for start, _ in self.turns[1:]), len(self.text)]
        return [(start, end, speaker) for (start, speaker), end in zip(self.turns, ends, strict=False)]

    def _between(self, begin: int, end: int) -> list[SpokenPart]:
        found: list[SpokenPart] = []
        for start, stop, speaker in self._spans:
            text = self.text[max(start, begin) : min(stop, end)]
            if found and (found[-1].speaker == speaker or not text.strip()):
                found[-1] = SpokenPart(found[-1].text + text, found[-1].speaker)
            elif text:
                found.append(SpokenPart(text, speaker))
        return found
