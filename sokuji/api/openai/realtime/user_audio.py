"""A user's item made of speech: the segments of the session that belong to it, and what is heard in them."""

import asyncio
from dataclasses import dataclass, field

from sokuji.api.openai.realtime.items import Item
from sokuji.api.openai.realtime.response_state import Response, joined
from sokuji.errors import NotRecognised, SokujiError


@dataclass(eq=False)
class SpokenSegment:
    """A segment of the session."""

    start_ms: int
    stop_ms: int | None = None
    """End of its speech; None: it goes on."""
    audio_ms: int = 0
    stable: str = ""
    """The words that no longer change."""
    is_final: bool = False
    """Whether ``stable`` is all of them."""
    language: str | None = None
    error: SokujiError | None = None
    """Why something of it is missing."""
    is_delivered: bool = False
    """Whether nothing more comes of it."""


def _user_item() -> Item:
    return Item("user", [{"type": "input_audio", "transcript": None}])


@dataclass(eq=False)
class SpokenItem:
    """What a commit made, or will make, an item of the conversation."""

    item: Item = field(default_factory=_user_item)
    segments: dict[int, SpokenSegment] = field(default_factory=dict)
    """Segment id -> segment, in order."""
    is_committed: bool = False
    is_whole: bool = False
    """Whether no more segments come."""
    is_transcribed: bool = False
    """Whether its client has been told all its words."""
    told: str = ""
    """The words that its client has been told."""
    translation: str = ""
    response: Response | None = None
    """The answer that comes without being asked for."""
    delivered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when nothing more comes of it."""

    def add_translation(self, text: str) -> None:
        """Append the translation of the next clause."""
        self.translation = joined(self.translation, text)

    @property
    def words(self) -> str:
        """The words that no longer change, up to the first segment that is not final."""
        words = ""
        for segment in self.segments.values():
            words = joined(words, segment.stable)
            if not segment.is_final and not segment.is_delivered:
                break
        return words

    @property
    def is_heard(self) -> bool:
        """Whether all its words are known."""
        return self.is_whole and all(each.is_final or each.is_delivered for each in self.segments.values())

    @property
    def is_delivered(self) -> bool:
        """Whether nothing more comes of it."""
        return self.is_whole and all(each.is_delivered for each in self.segments.values())

    @property
    def audio_ms(self) -> int:
        """Duration of its speech."""
        return sum(each.audio_ms for each in self.segments.values())

    @property
    def language(self) -> str | None:
        """Spoken in it first; None: not known."""
        return next((each.language for each in self.segments.values() if each.language), None)

    @property
    def error(self) -> SokujiError | None:
        """Why words are missing; None: none are, or there are some."""
        if self.words:
            return None
        return next((each.error for each in self.segments.values() if each.error is not None), None)

    @property
    def answer_error(self) -> SokujiError | None:
        """Why the answer is not complete; speech without words needs none."""
        errors = (each.error for each in self.segments.values())
        return next(
            (each for each in errors if each is not None and not isinstance(each, NotRecognised)), None
        )
