"""What the configured providers can do together: which pairs, by which route, in which voices.

Pure data and pure look-ups over the ``*Info`` of all providers; the first provider that covers a request
serves it, in the order in which the graph lists them.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sokuji.contract import RecogniserInfo, SynthesiserInfo, TranslatorInfo, Voice
from sokuji.errors import InvalidRequest, NotSupported, UnknownVoice, UnsupportedLanguage, listed
from sokuji.languages import LANGUAGES

DEFAULT_VOICE = "default"


@dataclass(frozen=True, slots=True)
class Route:
    """How speech of one language becomes text of another.

    ``same``: it is that language already. ``text``: recognised, then translated. ``speech``: the recogniser
    itself translates. ``pivot``: the recogniser translates to ``via``, a text model goes on from there.
    """

    kind: Literal["same", "text", "speech", "pivot"]
    via: str | None = None

    @property
    def from_speech(self) -> bool:
        """Whether it is the recogniser that translates, which needs the sound of a whole utterance."""
        return self.kind in ("speech", "pivot")


@dataclass(frozen=True)
class Catalogue:
    """The abilities of all providers, in order of preference."""

    stt: tuple[RecogniserInfo, ...]
    translation: tuple[TranslatorInfo, ...]
    tts: tuple[SynthesiserInfo, ...]

    @cached_property
    def text_pairs(self) -> list[tuple[str, str]]:
        """(source, target) of all pairs that a text model covers."""
        return sorted(self._pairs)

    @cached_property
    def _pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset(pair for info in self.translation for pair in info.pairs)

    @cached_property
    def spoken(self) -> list[str]:
        """Languages that can be recognised."""
        return sorted({language for info in self.stt for language in info.languages})

    @cached_property
    def voices(self) -> list[Voice]:
        """All voices, the preferred one of a language first."""
        return [voice for info in self.tts for voice in info.voices]

    @cached_property
    def speech_pairs(self) -> list[tuple[str, str]]:
        """(source, target) of all pairs in which speech can be translated to text."""
        targets = {target for _, target in self.text_pairs}.union(*self._recogniser_targets.values())
        return [
            (source, target)
            for source in self.spoken
            for target in sorted(targets)
            if source != target and self._find(source, target) is not None
        ]

    @cached_property
    def _recogniser_targets(self) -> dict[str, list[str]]:
        """Language -> those into which a recogniser that hears it translates."""
        return {
            source: [each for info in self.stt if source in info.languages for each in info.translates_to]
            for source in self.spoken
        }

    def _find(self, source: str, target: str) -> Route | None:
        if source == target:
            return Route("same")
        if (source, target) in self._pairs:
            return Route("text")
        heard_in = self._recogniser_targets.get(source, [])
        if target in heard_in:
            return Route("speech")
        via = next((middle for middle in heard_in if (middle, target) in self._pairs), None)
        return Route("pivot", via) if via else None

    def route(self, source: str, target: str) -> Route:
        """The way from speech in ``source`` to text in ``target`` (canonical codes).

        Raises:
            UnsupportedLanguage: no way; the message lists the targets that ``source`` has.
        """
        found = self._find(source, target)
        if found is None:
            served = [pair[1] for pair in self.speech_pairs if pair[0] == source]
            raise UnsupportedLanguage(
                f"speech in {source!r} cannot be translated to {target!r} here; "
                f"targets served for {source!r}: {listed(served) or 'none'}",
                param="target_language",
            )
        return found

    def check_text_pair(self, source: str, target: str) -> None:
        """Refuse a text translation that no model covers.

        Raises:
            UnsupportedLanguage: the message lists what is served.
        """
        if source != target and (source, target) not in self._pairs:
            targets = [b for a, b in self.text_pairs if a == source]
            sources = sorted({a for a, _ in self.text_pairs})
            named = f"targets served for {source!r}" if targets else "sources served"
            raise UnsupportedLanguage(
                f"text in {source!r} cannot be translated to {target!r} here; "
                f"{named}: {listed(targets or sources) or 'none'}",
                param="target_language",
            )

    def check_spoken(self, language: str, *, param: str = "source_language") -> None:
        """Refuse speech in a language that no recogniser hears; ``param`` is the field that names it.

        Raises:
            UnsupportedLanguage: the message lists what is heard.
        """
        if language not in self.spoken:
            raise UnsupportedLanguage(
                f"speech in {language!r} cannot be recognised here; accepted: auto, {', '.join(self.spoken)}",
                param=param,
            )

    def check_speech_pair(self, source: str | None, target: str) -> None:
        """Refuse a session or recording that could never be translated; None: any language may come.

        Raises:
            UnsupportedLanguage: the message lists what is served.
        """
        if source is not None:
            self.check_spoken(source)
            self.route(source, target)
        elif target not in (served := sorted({pair[1] for pair in self.speech_pairs})):
            raise UnsupportedLanguage(
                f"no speech can be translated to {target!r} here; targets served: {listed(served) or 'none'}",
                param="target_language",
            )

    def check_glossary(self, source: str | None, target: str) -> None:
        """Refuse a glossary for speech that the recogniser itself translates; None: any language may come.

        Raises:
            UnsupportedLanguage: no way at all; see ``route``.
            NotSupported: the message lists the pairs in which terms come out as told.
        """
        if source is not None and self.route(source, target).from_speech:
            served = listed([f"{a}-{b}" for a, b in self.text_pairs])
            raise NotSupported(
                f"speech in {source!r} is translated to {target!r} by the recogniser, which takes no "
                f"glossary; pairs that take one: {served or 'none'}",
                param="glossary",
            )

    def voice(
        self, voice_id: str, language: str, speed: float = 1.0, *, param: str = "target_language"
    ) -> Voice:
        """The voice asked for; arguments and errors as for ``voices_for``."""
        return self.voices_for(voice_id, language, speed, param=param)[0][1]

    def voices_for(
        self, voice_id: str, language: str, speed: float = 1.0, *, param: str = "target_language"
    ) -> list[tuple[int, Voice]]:
        """The voice asked for, then those of other providers that stand in for it.

        Each comes with the index of its TTS provider.

        Args:
            speed: those that do not speak as fast or as slow are left out.
            param: the request field that ``language`` came in.

        Raises:
            UnknownVoice: no such voice, or it does not speak ``language``; the message lists those that do.
            UnsupportedLanguage: no voice at all speaks ``language``.
            InvalidRequest: the voice asked for, or all of them, speak at other speeds only.
        """
        language = LANGUAGES[language].spoken
        found = self._speaking(language, param)
        if voice_id != DEFAULT_VOICE:
            found = self._named(voice_id, language, found)
        able = [each for each in found if self._covers(each[0], speed)]
        if not able or (voice_id != DEFAULT_VOICE and able[0] != found[0]):
            slowest, fastest = self.tts[found[0][0]].speeds
            raise InvalidRequest(
                f"speed {speed:g} is out of range for this voice; accepted: {slowest:g} to {fastest:g}",
                param="speed",
            )
        return able

    def _covers(self, index: int, speed: float) -> bool:
        slowest, fastest = self.tts[index].speeds
        return slowest <= speed <= fastest

    def _named(
        self, voice_id: str, language: str, others: list[tuple[int, Voice]]
    ) -> list[tuple[int, Voice]]:
        """The voice of that name, then those of other providers."""
        for index, info in enumerate(self.tts):
            for voice in info.voices:
                if voice.id == voice_id and language in voice.languages:
                    return [(index, voice), *(each for each in others if each[0] != index)]
        names = [voice.id for voice in self.voices if language in voice.languages]
        raise UnknownVoice(
            f"no voice {voice_id!r} speaks {language!r}; accepted: {DEFAULT_VOICE}, {listed(names)}",
            param="voice_id",
        )

    def _speaking(self, language: str, param: str) -> list[tuple[int, Voice]]:
        """Each provider's first voice for a language."""
        found = [
            (index, next(voice for voice in info.voices if language in voice.languages))
            for index, info in enumerate(self.tts)
            if any(language in voice.languages for voice in info.voices)
        ]
        if not found:
            spoken = sorted({code for voice in self.voices for code in voice.languages})
            raise UnsupportedLanguage(
                f"no voice speaks {language!r} here; languages with a voice: {', '.join(spoken) or 'none'}",
                param=param,
            )
        return found

    def translators(self, source: str, target: str) -> list[int]:
        """Indices of the translators for a pair that ``check_text_pair`` has let through."""
        return [index for index, info in enumerate(self.translation) if (source, target) in info.pairs]

    def recognisers(self, language: str | None, *, translating_to: str | None = None) -> list[int]:
        """Indices of the recognisers that hear a language (None: whatever comes) and, where that is asked
        for, translate it themselves, which ``route`` has found.

        Raises:
            UnsupportedLanguage: none hears it, any more perhaps: a conversation outlives a change of models.
        """
        if language is not None:
            self.check_spoken(language)
        return [
            index
            for index, info in enumerate(self.stt)
            if (language is None or language in info.languages)
            and (translating_to is None or translating_to in info.translates_to)
        ]
