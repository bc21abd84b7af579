"""What the providers can do together: which language pairs, by which route, in which voices.

Pure look-ups over the descriptions (``*Info``) of the members of all stages. Of the members that can serve a
request the first is preferred, in the order of the graph; the others are fallbacks.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Literal, TypeVar

from sokuji.contract import StageName, Voice
from sokuji.errors import NotSupported, UnsupportedLanguage, listed
from sokuji.pipeline import voice_selection
from sokuji.pipeline.members import (
    DiarizerMember,
    Member,
    ProviderInfo,
    RecogniserMember,
    SynthesiserMember,
    TranslatorMember,
)
from sokuji.pipeline.voice_selection import MemberVoice, Reading

ProviderT = TypeVar("ProviderT")
InfoT = TypeVar("InfoT", bound=ProviderInfo)


@dataclass(frozen=True, slots=True)
class Route:
    """How speech in one language becomes text in another.

    ``same``: both are one language. ``text``: a translator translates the transcript. ``speech``: the
    recogniser translates. ``pivot``: the recogniser translates to ``via``, and a translator from there.
    """

    kind: Literal["same", "text", "speech", "pivot"]
    via: str | None = None

    @property
    def from_speech(self) -> bool:
        """Whether the recogniser translates, for which it needs the audio of the complete utterance."""
        return self.kind in ("speech", "pivot")


@dataclass(frozen=True)
class Catalogue:
    """The members of all stages, in order of preference."""

    stt: tuple[RecogniserMember, ...]
    translation: tuple[TranslatorMember, ...]
    tts: tuple[SynthesiserMember, ...]
    speakers: tuple[DiarizerMember, ...] = ()

    def preferring(self, providers: Mapping[StageName, str]) -> "Catalogue":
        """The same members, in each stage those of the named provider first."""
        key = tuple(sorted(providers.items()))
        if key not in self._preferring:
            self._preferring[key] = Catalogue(
                _first(self.stt, providers.get("stt")),
                _first(self.translation, providers.get("translation")),
                _first(self.tts, providers.get("tts")),
                _first(self.speakers, providers.get("speakers")),
            )
        return self._preferring[key]

    @cached_property
    def _preferring(self) -> dict[tuple[tuple[StageName, str], ...], "Catalogue"]:
        """Catalogues in other orders, which cache what they have computed as this one does."""
        return {}

    @cached_property
    def text_pairs(self) -> list[tuple[str, str]]:
        """(source, target) of all pairs that a translator covers."""
        return sorted(self._pairs)

    @cached_property
    def text_targets(self) -> dict[str, list[str]]:
        """Source -> the targets to which its text is translated; both sorted."""
        return {
            source: [target for _, target in pairs]
            for source, pairs in groupby(self.text_pairs, key=lambda pair: pair[0])
        }

    @cached_property
    def text_sources(self) -> dict[str, list[str]]:
        """Target -> the sources from which text is translated to it; the sources sorted."""
        found: dict[str, list[str]] = {}
        for source, target in self.text_pairs:
            found.setdefault(target, []).append(source)
        return found

    @cached_property
    def _pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset(pair for member in self.translation for pair in member.info.pairs)

    @cached_property
    def spoken(self) -> list[str]:
        """Languages that can be recognised."""
        return sorted({language for member in self.stt for language in member.info.languages})

    @cached_property
    def voices(self) -> list[Voice]:
        """All voices; the first that speaks a language is its default voice."""
        return [voice for member in self.tts for voice in member.info.voices]

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
        """Spoken language -> the languages into which its recognisers translate."""
        return {
            source: [
                target
                for member in self.stt
                if source in member.info.languages
                for target in member.info.translates_to
            ]
            for source in self.spoken
        }

    def _find(self, source: str, target: str) -> Route | None:
        if source == target:
            return Route("same")
        if (source, target) in self._pairs:
            return Route("text")
        recogniser_targets = self._recogniser_targets.get(source, [])
        if target in recogniser_targets:
            return Route("speech")
        via = next((middle for middle in recogniser_targets if (middle, target) in self._pairs), None)
        return Route("pivot", via) if via else None

    def can_translate(self, source: str, target: str) -> bool:
        """Whether speech in ``source`` can become text in ``target``; they may be the same language."""
        return self._find(source, target) is not None

    def route(self, source: str, target: str) -> Route:
        """How speech in ``source`` becomes text in ``target`` (canonical codes).

        Raises:
            UnsupportedLanguage: no route; the message lists the targets of ``source``.
        """
        route = self._find(source, target)
        if route is None:
            served = [pair[1] for pair in self.speech_pairs if pair[0] == source]
            raise UnsupportedLanguage(
                f"speech in {source!r} cannot be translated to {target!r} here; "
                f"targets served for {source!r}: {listed(served) or 'none'}",
                param="target_language",
            )
        return route

    def check_text_pair(self, source: str, target: str) -> None:
        """Refuse a text translation that no translator covers.

        Raises:
            UnsupportedLanguage: the message lists what is served.
        """
        if source != target and (source, target) not in self._pairs:
            targets = self.text_targets.get(source, [])
            named = f"targets served for {source!r}" if targets else "sources served"
            raise UnsupportedLanguage(
                f"text in {source!r} cannot be translated to {target!r} here; "
                f"{named}: {listed(targets or list(self.text_targets)) or 'none'}",
                param="target_language",
            )

    def check_spoken(self, language: str, *, param: str = "source_language") -> None:
        """Refuse speech in a language that no recogniser knows.

        Args:
            param: the request field that names the language.

        Raises:
            UnsupportedLanguage: the message lists the languages that are recognised.
        """
        if language not in self.spoken:
            raise UnsupportedLanguage(
                f"speech in {language!r} cannot be recognised here; accepted: auto, {', '.join(self.spoken)}",
                param=param,
            )

    def check_speech_pair(self, source: str | None, target: str) -> None:
        """Refuse a session or recording that could never be translated.

        Args:
            source: None: any language may be spoken.
            target: the language to translate to.

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
        """Refuse a glossary for speech that the recogniser translates.

        Args:
            source: None: any language may be spoken, and the glossary is accepted.
            target: the language to translate to.

        Raises:
            UnsupportedLanguage: no route at all; see ``route``.
            NotSupported: the message lists the pairs that take a glossary.
        """
        if source is not None and self.route(source, target).from_speech:
            served = listed([f"{a}-{b}" for a, b in self.text_pairs])
            raise NotSupported(
                f"speech in {source!r} is translated to {target!r} by the recogniser, which does not "
                f"support a glossary; pairs that do: {served or 'none'}",
                param="glossary",
            )

    def check_recognition_context(self, language: str | None) -> None:
        """Refuse context (names and words likely to be spoken) for speech in ``language``; None: in any.

        The preferred recogniser of the language decides; for any language it is the first recogniser, which
        is called first. A fallback that does not support context recognises without it. Context that only a
        fallback supports is refused, because it would have no effect while the preferred recogniser works.

        Raises:
            UnsupportedLanguage: no recogniser knows the language.
            NotSupported: the recogniser does not support context.
        """
        _check_context(self.recognisers(language), "the recogniser")

    def check_translation_context(self, source: str, target: str) -> None:
        """Refuse context (preceding text) for a pair; the rule is that of ``check_recognition_context``.

        Raises:
            NotSupported: the translator does not support context, or no translator covers the pair.
        """
        _check_context(self.translators(source, target), f"the translator from {source} to {target}")

    def voice(
        self, voice_id: str, language: str, speed: float = 1.0, *, param: str = "target_language"
    ) -> Voice:
        """The requested voice; see ``voice_selection.select``."""
        return self.voices_for(voice_id, language, speed, param=param)[0][1]

    def voices_for(
        self, voice_id: str, language: str, speed: float = 1.0, *, param: str = "target_language"
    ) -> list[MemberVoice]:
        """The requested voice and its fallbacks; see ``voice_selection.select``."""
        return voice_selection.select(self.tts, voice_id, language, speed, param)

    def voices_of(self, language: str, speed: float) -> list[Voice]:
        """All voices that speak a language at this speed, in order of preference."""
        return voice_selection.speaking(self.tts, language, speed)

    def voices_for_text(
        self, text: str, voice_id: str, language: str, speed: float = 1.0, *, param: str = "target_language"
    ) -> Reading:
        """The voices that read a text, the requested one first; see ``voice_selection.select_for_text``."""
        return voice_selection.select_for_text(self.tts, text, voice_id, language, speed, param)

    def translators(self, source: str, target: str) -> list[TranslatorMember]:
        """The translators of a pair; none if ``check_text_pair`` refuses the pair."""
        return [member for member in self.translation if (source, target) in member.info.pairs]

    def recognisers(
        self,
        language: str | None,
        *,
        among: Collection[str] = (),
        translating_to: str | None = None,
    ) -> list[RecogniserMember]:
        """The recognisers of a language.

        Args:
            language: None: it is to be detected, by any recogniser.
            among: the candidates of detection, of which a recogniser must know one; empty: any language.
            translating_to: only recognisers that translate to this language.

        Raises:
            UnsupportedLanguage: no recogniser knows the language, which can happen to a running conversation
                when the models change.
        """
        spoken = (language,) if language is not None else tuple(among)
        if spoken and not any(code in self.spoken for code in spoken):
            self.check_spoken(spoken[0])
        return [
            member
            for member in self.stt
            if (not spoken or any(code in member.info.languages for code in spoken))
            and (translating_to is None or translating_to in member.info.translates_to)
        ]


def _first(
    members: tuple[Member[ProviderT, InfoT], ...], provider: str | None
) -> tuple[Member[ProviderT, InfoT], ...]:
    """The members, those of a provider before the others."""
    return tuple(sorted(members, key=lambda member: member.info.provider != provider))


def _check_context(members: Sequence[RecogniserMember] | Sequence[TranslatorMember], preferred: str) -> None:
    """Refuse context that the first of ``members`` does not take; the message calls it ``preferred``."""
    if not members or not members[0].info.takes_context:
        raise NotSupported(f"{preferred} does not support context; leave it out", param="context")
