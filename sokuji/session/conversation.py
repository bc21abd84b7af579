"""What a client asks a session for: the settings of its conversation, and commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from sokuji.config import Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSettings:
    """What the client asked for; languages are canonical codes."""

    target_languages: tuple[str, ...]
    """At least one; each has a branch of its own."""
    source_language: str | None = None
    """None: detect it for each utterance."""
    voice_id: str = "default"
    """Speaks the targets that it can; the others have their default voice."""
    input_sample_rate: int = 16_000
    channels: int = 1
    speak: bool = True
    """False: captions only."""
    output_sample_rate: int | None = None
    """Hz; None: the voice's own rate."""
    speed: float = 1.0
    context: str = ""
    """Names and words that the recogniser is likely to hear."""
    glossary: Mapping[str, str] = field(default_factory=dict)
    """Source term -> what it must be in the translation; a term that maps to itself is not translated."""
    partials: bool = False
    """Whether interim transcriptions are wanted."""
    commit: Commit | None = None
    """What is translated and spoken in one piece; None: as the service is configured."""


class Command(Enum):
    """What a client can say beside audio and settings."""

    FLUSH = auto()
    CANCEL = auto()
    END = auto()
    DRAIN = auto()
    """From the service itself: finish what is being said, and end."""


Message = bytes | ConversationSettings | Command
