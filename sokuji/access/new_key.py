"""Makes keys, and compares what a client shows with what is stored.

A key is ``sokuji_``, its id and 256 random bits: the id finds what is stored, so that one comparison is made.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sokuji.config.keys import Key, KeyLimits, KeyScope

KEY_PREFIX = "sokuji_"
_SHAPE = re.compile(r"sokuji_([0-9a-f]{8})_[\w-]{43}", re.ASCII)
_RANDOM_BYTES = 32


class NewKey(NamedTuple):
    """A key that has been made."""

    value: str
    """What its holder shows; it is stored nowhere."""
    key: Key


def make_key(
    name: str,
    scopes: Iterable[KeyScope],
    limits: KeyLimits | None = None,
    expires_at: datetime | None = None,
) -> NewKey:
    """A new key at random.

    Raises:
        pydantic.ValidationError: the name or the limits are not accepted, or there is no scope.
    """
    key_id = secrets.token_hex(4)
    value = f"{KEY_PREFIX}{key_id}_{secrets.token_urlsafe(_RANDOM_BYTES)}"
    stored = Key(
        id=key_id,
        name=name,
        sha256=_hash(value),
        scopes=frozenset(scopes),
        limits=limits or KeyLimits(),
        expires_at=expires_at,
    )
    return NewKey(value, stored)


def id_in(value: str) -> str | None:
    """The id that stands in a key; None: it is none of this service."""
    shape = _SHAPE.fullmatch(value)
    return shape[1] if shape else None


def is_hashed_in(value: str, stored: Key | None) -> bool:
    """Whether a key is the one that is stored, in a time that does not tell how much of it is right."""
    expected = stored.sha256 if stored else "0" * 64
    return hmac.compare_digest(_hash(value), expected) and stored is not None


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()
