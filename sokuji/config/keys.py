"""API keys as a service stores them: a hash with a name, scopes, limits and an end. No key itself is stored.

A key has 256 random bits, so that its plain SHA-256 will do: slow hashes are for passwords, which can be
guessed.
"""

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from sokuji.config.settings import SECRET, Settings, parse
from sokuji.errors import ConfigError

MAX_KEYS = 10_000


class KeyScope(StrEnum):
    """What a client may do with a key. All keys may ask what the service can do."""

    RECORDINGS = "recordings"
    """Upload recordings: transcribe, translate."""
    TEXTS = "texts"
    """Translate and speak texts."""
    SESSIONS = "sessions"
    """Open live sessions: sockets and calls."""
    TOKENS = "tokens"
    """Make client secrets, which open live sessions from browsers."""
    METRICS = "metrics"
    """Read ``/metrics``."""


class KeyLimits(Settings):
    """What the clients of a key may use together, in the whole cluster; None: as much as they like."""

    requests_per_minute: int | None = Field(None, ge=1, le=1_000_000)
    """REST calls and new sockets."""
    sessions: int | None = Field(None, ge=1, le=100_000)
    """Live sessions at the same time."""
    audio_minutes_per_day: float | None = Field(None, gt=0, le=1_000_000)
    """Minutes of audio sent in, by uploads and sessions. The day begins with the first of them."""
    characters_per_day: int | None = Field(None, ge=1, le=1_000_000_000)
    """Characters of texts to translate or speak. The day begins with the first of them."""


class Key(Settings):
    """What is stored of a key."""

    id: str = Field(pattern="^[0-9a-f]{8}$")
    """Stands in the key too, and in the list of keys."""
    name: str = Field(pattern=r"^[\w .,:@/+-]{1,64}$")
    """For people."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """Of the whole key, in hexadecimal."""
    scopes: frozenset[KeyScope] = Field(min_length=1)
    limits: KeyLimits = KeyLimits()
    expires_at: AwareDatetime | None = None
    """None: never."""

    def has_expired(self, now: datetime) -> bool:
        """Whether it is not accepted any more."""
        return self.expires_at is not None and self.expires_at <= now


def _distinct(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    ids = {key.id for key in keys}
    if len(ids) < len(keys):
        doubled = next(each for each in ids if sum(key.id == each for key in keys) > 1)
        raise ValueError(f"the id {doubled} is there more than once")
    return keys


Keys = Annotated[tuple[Key, ...], AfterValidator(_distinct)]
"""Keys with ids of their own."""


class KeyList(Settings):
    """The content of a key file."""

    version: Literal[1] = 1
    # Messages show nothing of it: by mistake, a clear key may stand there.
    keys: Keys = Field((), max_length=MAX_KEYS, json_schema_extra=SECRET)


def keys_of_text(text: str | bytes, where: str) -> tuple[Key, ...]:
    """The keys in the content of a key file, which is JSON.

    Raises:
        ConfigError: it is no such content; names ``where`` it is and the field at fault.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: not a list of keys in JSON, as `sokuji keys create` writes it")
    return parse(KeyList, content, where).keys
