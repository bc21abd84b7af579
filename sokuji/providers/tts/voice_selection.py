"""Selects the voice for a request, with the same rules and errors for every synthesiser."""

from collections.abc import Sequence

from sokuji.contract import SynthesisRequest, Voice
from sokuji.errors import InvalidRequest, UnknownVoice, UnsupportedLanguage, listed

SPEEDS = (0.25, 4.0)
"""Slowest and fastest speed of the models that run on this machine."""


def choose_voice(
    request: SynthesisRequest, voices: Sequence[Voice], speeds: tuple[float, float] = SPEEDS
) -> Voice:
    """The requested voice, or else the first that speaks the language.

    Args:
        voices: all voices of the synthesiser.
        speeds: its slowest and fastest speed.

    Raises:
        UnsupportedLanguage: no voice speaks the language.
        UnknownVoice: there is no such voice, or it does not speak the language.
        InvalidRequest: the speed is outside of ``speeds``.
    """
    slowest, fastest = speeds
    if not slowest <= request.speed <= fastest:
        raise InvalidRequest(
            f"speed must be between {slowest} and {fastest}, not {request.speed}", param="speed"
        )
    speaking = [voice for voice in voices if request.language in voice.languages]
    if not speaking:
        known = sorted({language for voice in voices for language in voice.languages})
        raise UnsupportedLanguage(
            f"no voice speaks {request.language!r}; accepted: {', '.join(known)}", param="language"
        )
    if request.voice is None:
        return speaking[0]
    for voice in speaking:
        if voice.id == request.voice:
            return voice
    raise UnknownVoice(
        f"no voice {request.voice[:80]!r} speaks {request.language!r}; "
        f"accepted: {listed([voice.id for voice in speaking])}",
        param="voice_id",
    )
