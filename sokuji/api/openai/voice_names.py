"""Voice names of the OpenAI doors: ids of the service's voices, and OpenAI's own names.

One of OpenAI's names means a fixed voice of each language, of the same gender where there is one.
"""

from typing import Literal

from sokuji.contract import Voice
from sokuji.errors import UnknownVoice, listed
from sokuji.languages import LANGUAGES
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.voice_selection import DEFAULT_VOICE

OPENAI_VOICES: dict[str, Literal["female", "male"] | None] = {
    "alloy": None,
    "ash": "male",
    "ballad": "male",
    "cedar": "male",
    "coral": "female",
    "echo": "male",
    "fable": None,
    "marin": "female",
    "nova": "female",
    "onyx": "male",
    "sage": "female",
    "shimmer": "female",
    "verse": "male",
}
"""OpenAI's names, and the gender that is heard in each; None: neither in particular."""


def voice_id(catalogue: Catalogue, name: str, language: str, *, param: str = "voice") -> str:
    """The id of the service's voice that a name means in a language.

    Args:
        name: an id of the service, ``default``, or one of OpenAI's names.
        language: canonical code.
        param: the request field of the name, for the error.

    Raises:
        UnknownVoice: no such voice, or it does not speak the language; the message lists those that do.
        UnsupportedLanguage: no voice speaks the language.
    """
    catalogue.voice(DEFAULT_VOICE, language)
    if name == DEFAULT_VOICE:
        return name
    spoken = LANGUAGES[language].spoken
    speaking = [voice for voice in catalogue.voices if spoken in voice.languages]
    if name in OPENAI_VOICES:
        return _stand_in(name, speaking).id
    if name not in [voice.id for voice in speaking]:
        raise UnknownVoice(
            f"no voice {name[:80]!r} speaks {language!r}; accepted: {DEFAULT_VOICE}, "
            f"{', '.join(OPENAI_VOICES)}, {listed([voice.id for voice in speaking])}",
            param=param,
        )
    return name


def voice_of(catalogue: Catalogue, name: str) -> Voice | None:
    """The service's voice with this id; None: the name is ``default``, one of OpenAI's, or unknown."""
    return next((voice for voice in catalogue.voices if voice.id == name), None)


def _stand_in(name: str, speaking: list[Voice]) -> Voice:
    gender = OPENAI_VOICES[name]
    fitting = [voice for voice in speaking if gender in (None, voice.gender)] or speaking
    alike = [each for each, its_gender in OPENAI_VOICES.items() if its_gender == gender]
    return fitting[alike.index(name) % len(fitting)]
