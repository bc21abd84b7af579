"""A voice for each speaker of a session, in one target language."""

from collections.abc import Mapping, Sequence
from itertools import cycle


class SpeakerVoices:
    """Gives every speaker a voice of its own while there are voices; then they are shared in turn."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        """Label -> voice of the speakers for whom the client names none."""

    def voice_id(self, speaker: str, preferred: str, voices: Sequence[str], named: Mapping[str, str]) -> str:
        """The voice for what a speaker says; the same speaker has the same voice as long as it is there.

        Args:
            preferred: the voice of a session with one speaker; the first speaker has it.
            voices: those that speak the language, at least one.
            named: label -> voice that the client wants, where that speaks the language.
        """
        if named.get(speaker) in voices:
            return named[speaker]
        if self._given.get(speaker) not in voices:
            taken = {*self._given.values(), *named.values()}
            ordered = [preferred, *(voice for voice in voices if voice != preferred)]
            free = (voice for voice in ordered if voice not in taken)
            turns = cycle(ordered)
            self._given[speaker] = next(free, None) or [next(turns) for _ in range(len(self._given) + 1)][-1]
        return self._given[speaker]
