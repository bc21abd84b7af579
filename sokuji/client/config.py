"""What a conversation is about: the ``config`` message of the API, as a client writes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from sokuji.config import Commit
from sokuji.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What is spoken and what is wanted.

    Raises:
        InvalidRequest: no language is wanted.
    """

    target_language: str = ""
    """The language wanted, where it is one; if there are others, the first of them."""
    target_languages: tuple[str, ...] = ()
    """The languages wanted; each is translated and spoken on its own."""
    source_language: str = "auto"
    voice_id: str = "default"
    sample_rate: int = 16_000
    """Hz of the audio that will be sent."""
    channels: int = 1
    """Interleaved channels of it."""
    output: Literal["audio", "captions"] = "audio"
    output_sample_rate: int | None = None
    """Hz of the voice; None: its own."""
    speed: float = 1.0
    context: str = ""
    """Names and words that are likely to be heard."""
    glossary: Mapping[str, str] = field(default_factory=dict)
    """Source term -> what it must be in the translation; a term that maps to itself is not translated."""
    partials: bool = False
    """Whether captions are wanted that may still change."""
    commit: Commit | None = None
    """What is translated and spoken in one piece; None: as the service is configured."""
    audio_encoding: Literal["pcm_binary", "wav_base64"] = "pcm_binary"
    """How the voice travels; its events carry PCM either way."""

    def __post_init__(self) -> None:
        if not self.targets:
            raise InvalidRequest("name a language to translate to", param="target_language")

    @property
    def targets(self) -> tuple[str, ...]:
        """All languages wanted, each once."""
        return tuple(dict.fromkeys(filter(None, (self.target_language, *self.target_languages))))

    def message(self) -> dict[str, Any]:
        """The fields that say something, ready for JSON."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        said["glossary"] = dict(self.glossary)
        return {"type": "config", **{name: value for name, value in said.items() if value}}
