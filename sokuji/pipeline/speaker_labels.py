"""Gives speakers names that stay: the same voice has the same name throughout a conversation or a recording.

Each turn is compared with the mean voice of every speaker heard so far (nearest centroid, online). A label
that has been given is never changed: what a client was told stays true.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sokuji.contract import Transcript
from sokuji.pipeline.diarization import SpeakerPart, mixed, similarity
from sokuji.protocol import DEFAULT_MAX_SPEAKERS

SURE_MS = 900
"""Shorter speech founds no speaker where there are others already, and does not change what their voices are
like: too little is heard of the voice."""


def numbered(number: int) -> str:
    """``speaker_1`` for the first speaker, 0, and so on."""
    return f"speaker_{number + 1}"


def lettered(number: int) -> str:
    """``A`` to ``Z``, then ``AA`` and so on, as OpenAI labels speakers."""
    label = ""
    while number >= 0:
        number, letter = divmod(number, 26)
        label = chr(ord("A") + letter) + label
        number -= 1
    return label


@dataclass(slots=True)
class _Speaker:
    label: str
    voice: bytes
    heard_ms: float
    fixed: bool = False
    """Whether the voice comes from the client, and is not learned."""


class SpeakerLabels:
    """The speakers of one conversation or recording.

    Args:
        max_speakers: more are never told apart.
        known: name -> voice of speakers whom the client knows.
        name: names a speaker by number, from 0, whom the client does not know.
    """

    def __init__(
        self,
        max_speakers: int = DEFAULT_MAX_SPEAKERS,
        *,
        known: Mapping[str, bytes] | None = None,
        name: Callable[[int], str] = numbered,
    ) -> None:
        self.max_speakers = max_speakers
        """May be changed at any time; speakers who have a label keep it."""
        self._name = name
        self._speakers = [_Speaker(name, voice, 0, fixed=True) for name, voice in (known or {}).items()]
        self._found = 0
        """Speakers whom the client does not know."""

    def label(self, part: SpeakerPart, transcript: Transcript) -> str:
        """The label of who speaks a part of a transcript; the voice is remembered."""
        voice, duration_ms, same_speaker = part.voice, part.duration_ms, _same_speaker(transcript)
        speaker = self._nearest(voice, duration_ms, same_speaker)
        if speaker is None:
            speaker = _Speaker(self._next_label, voice, duration_ms)
            self._found += 1
            self._speakers.append(speaker)
        elif (
            duration_ms >= SURE_MS and not speaker.fixed and similarity(speaker.voice, voice) >= same_speaker
        ):
            speaker.voice = mixed((speaker.voice, voice), (speaker.heard_ms, duration_ms))
            speaker.heard_ms += duration_ms
        return speaker.label

    def foresee(self, part: SpeakerPart, transcript: Transcript) -> str:
        """What ``label`` would return now; nothing is remembered."""
        speaker = self._nearest(part.voice, part.duration_ms, _same_speaker(transcript))
        return self._next_label if speaker is None else speaker.label

    @property
    def _next_label(self) -> str:
        return self._name(self._found)

    def _nearest(self, voice: bytes, duration_ms: float, same_speaker: float) -> _Speaker | None:
        """The speaker with the most similar voice; None: it is of another one."""
        if not self._speakers:
            return None
        nearest = max(self._speakers, key=lambda speaker: similarity(speaker.voice, voice))
        is_new = similarity(nearest.voice, voice) < same_speaker and duration_ms >= SURE_MS
        return None if is_new and len(self._speakers) < self.max_speakers else nearest


def _same_speaker(transcript: Transcript) -> float:
    """See ``SpeakerTurns``; 1 where nothing is known of the speakers."""
    return transcript.speakers.same_speaker if transcript.speakers else 1.0
