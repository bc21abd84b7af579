"""What the configured providers can do together: which pairs, by which route, in which voices.

Pure data and pure look-ups over the ``*Info`` of all providers; the first provider that covers a request
serves it, in the order in which the graph lists them.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sokuji.errors import NotSupported, UnknownVoice, UnsupportedLanguage, listed
from sokuji.providers.base import SpeechToTextInfo, TextToSpeechInfo, TranslationInfo, Voice

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

    stt: tuple[SpeechToTextInfo, ...]
    translation: tuple[TranslationInfo, ...]
    tts: tuple[TextToSpeechInfo, ...]

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
        targets = {target for _, target in self.text_pairs} | set(self._recogniser_targets)
        return [
            (source, target)
            for source in self.spoken
            for target in sorted(targets)
            if source != target and self._find(source, target) is not None
        ]

    @cached_property
    def _recogniser_targets(self) -> list[str]:
        return [language for info in self.stt for language in info.translates_to]

    def _find(self, source: str, target: str) -> Route | None:
        if source == target:
            return Route("same")
        if (source, target) in self._pairs:
            return Route("text")
        if target in self._recogniser_targets:
            return Route("speech")
        via = next((middle for middle in self._recogniser_targets if (middle, target) in self._pairs), None)
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
                f"targets served for {source!r}: {', '.join(served) or 'none'}",
                param="target_language",
            )
        return found

    def check_text_pair(self, source: str, target: str) -> None:
        """Refuse a text translation that no model covers.

        Raises:
            UnsupportedLanguage: the message lists all pairs served.
        """
        if source != target and (source, target) not in self._pairs:
            served = ", ".join(f"{a}-{b}" for a, b in self.text_pairs)
            raise UnsupportedLanguage(
                f"text in {source!r} cannot be translated to {target!r} here; "
                f"pairs served: {served or 'none'}",
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
                f"no speech can be translated to {target!r} here; "
                f"targets served: {', '.join(served) or 'none'}",
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

    def voice(self, voice_id: str, language: str, *, param: str = "target_language") -> tuple[int, Voice]:
        """The voice asked for and the index of the TTS provider that has it.

        Args:
            param: the request field that ``language`` came in.

        Raises:
            UnknownVoice: no such voice, or it does not speak ``language``; the message lists those that do.
            UnsupportedLanguage: no voice at all speaks ``language``.
        """
        speaking = [
            (index, voice)
            for index, info in enumerate(self.tts)
            for voice in info.voices
            if language in voice.languages
        ]
        if not speaking:
            spoken = sorted({code for voice in self.voices for code in voice.languages})
            raise UnsupportedLanguage(
                f"no voice speaks {language!r} here; languages with a voice: {', '.join(spoken) or 'none'}",
                param=param,
            )
        if voice_id == DEFAULT_VOICE:
            return speaking[0]
        for index, voice in speaking:
            if voice.id == voice_id:
                return index, voice
        names = listed([voice.id for _, voice in speaking])
        raise UnknownVoice(
            f"no voice {voice_id!r} speaks {language!r}; accepted: {DEFAULT_VOICE}, {names}", param="voice_id"
        )

    def translator(self, source: str, target: str) -> int:
        """Index of the first translator for a pair that ``check_text_pair`` has let through."""
        return next(i for i, info in enumerate(self.translation) if (source, target) in info.pairs)

    def recogniser(self, language: str | None, *, translating_to: str | None = None) -> int:
        """Index of the first recogniser that hears a language (None: whatever comes) and, where that is
        asked for, translates it itself; the checks above have let the language through."""
        return next(
            index
            for index, info in enumerate(self.stt)
            if (language is None or language in info.languages)
            and (translating_to is None or translating_to in info.translates_to)
        )
