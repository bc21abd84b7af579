"""Which voice speaks a language: the requested voice, or the default one, and its fallbacks."""

from collections.abc import Sequence
from typing import NamedTuple

from sokuji.contract import Voice
from sokuji.errors import InvalidRequest, NoVoice, UnknownVoice, UnsupportedLanguage, listed
from sokuji.languages import LANGUAGES
from sokuji.pipeline.members import SynthesiserMember
from sokuji.text import scripts

DEFAULT_VOICE = "default"
MemberVoice = tuple[SynthesiserMember, Voice]
"""A voice, and the member that speaks with it."""


class Reading(NamedTuple):
    """How a text is spoken."""

    language: str
    """Canonical code of the language as which it is read."""
    voices: list[MemberVoice]
    """The voice, then its fallbacks."""


def select(
    members: Sequence[SynthesiserMember], voice_id: str, language: str, speed: float, param: str
) -> list[MemberVoice]:
    """The requested voice, then the default voices of other members as fallbacks.

    Args:
        members: in order of preference.
        voice_id: of a voice, or ``DEFAULT_VOICE``.
        language: canonical code.
        speed: members that do not speak at this speed are left out.
        param: the request field that names ``language``.

    Raises:
        UnknownVoice: no such voice, or it does not speak ``language``; the message lists those that do.
        UnsupportedLanguage: no voice speaks ``language``.
        InvalidRequest: the requested voice does not speak at ``speed``; for the default voice, none does.
    """
    language = LANGUAGES[language].spoken
    voices = _default_voices(members, language, param)
    if voice_id != DEFAULT_VOICE:
        member, voice = _named_voice(members, voice_id, language)
        voices = [(member, voice), *(each for each in voices if each[0] is not member)]
    at_speed = [each for each in voices if _speaks_at(each[0], speed)]
    if not at_speed or (voice_id != DEFAULT_VOICE and at_speed[0] != voices[0]):
        slowest, fastest = voices[0][0].info.speeds
        raise InvalidRequest(
            f"speed {speed:g} is out of range for this voice; accepted: {slowest:g} to {fastest:g}",
            param="speed",
        )
    return at_speed


def speaking(members: Sequence[SynthesiserMember], language: str, speed: float) -> list[Voice]:
    """All voices that speak a language at this speed, in order of preference."""
    spoken = LANGUAGES[language].spoken
    return [
        voice
        for member, voice in _all_voices(members)
        if spoken in voice.languages and _speaks_at(member, speed)
    ]


def select_for_text(
    members: Sequence[SynthesiserMember], text: str, voice_id: str, language: str, speed: float, param: str
) -> Reading:
    """The voices that read a text: those of ``select``, if ``language`` has the script of most letters.

    A text in another script is read by a voice that speaks a language with this script: by the requested
    voice if it does, otherwise by the first of these voices.

    Args:
        text: the text to speak.
        members, voice_id, language, speed, param: see ``select``.

    Raises:
        NoVoice: no voice reads the text; the message lists the languages with a voice.
        UnsupportedLanguage, UnknownVoice, InvalidRequest: see ``select``.
    """
    language = LANGUAGES[language].spoken
    voices = select(members, voice_id, language, speed, param)
    if scripts.reads(language, text):
        return Reading(language, voices)
    readers = [each for each in _all_voices(members) if _language_of(each, text) is not None]
    requested = [each for each in readers if each[1].id == voice_id]
    for reader in (requested or readers)[:1]:
        other = _language_of(reader, text) or language
        return Reading(other, select(members, reader[1].id, other, speed, param))
    raise NoVoice(
        f"the text is written in {scripts.names_of_scripts(text)}, which no voice reads here; languages "
        f"with a voice: {_languages_with_voice(members)}",
        param="text",
    )


def _language_of(voice: MemberVoice, text: str) -> str | None:
    """The first language of a voice that has the script of a text."""
    return next((language for language in voice[1].languages if scripts.reads(language, text)), None)


def _languages_with_voice(members: Sequence[SynthesiserMember]) -> str:
    return (
        ", ".join(sorted({code for _, voice in _all_voices(members) for code in voice.languages})) or "none"
    )


def _default_voices(members: Sequence[SynthesiserMember], language: str, param: str) -> list[MemberVoice]:
    """Each member's first voice for a language."""
    voices = [
        (member, next(voice for voice in member.info.voices if language in voice.languages))
        for member in members
        if any(language in voice.languages for voice in member.info.voices)
    ]
    if not voices:
        raise UnsupportedLanguage(
            f"no voice speaks {language!r} here; languages with a voice: {_languages_with_voice(members)}",
            param=param,
        )
    return voices


def _named_voice(members: Sequence[SynthesiserMember], voice_id: str, language: str) -> MemberVoice:
    speaking = [each for each in _all_voices(members) if language in each[1].languages]
    for member, voice in speaking:
        if voice.id == voice_id:
            return member, voice
    raise UnknownVoice(
        f"no voice {voice_id!r} speaks {language!r}; accepted: {DEFAULT_VOICE}, "
        f"{listed([voice.id for _, voice in speaking])}",
        param="voice_id",
    )


def _all_voices(members: Sequence[SynthesiserMember]) -> list[MemberVoice]:
    return [(member, voice) for member in members for voice in member.info.voices]


def _speaks_at(member: SynthesiserMember, speed: float) -> bool:
    slowest, fastest = member.info.speeds
    return slowest <= speed <= fastest
