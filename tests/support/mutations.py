"""Random and mutated JSON messages, for doors that must survive any of them; the same for a seed."""

import copy
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 10**400, 1e308, -0.0, "", "\0", "\ud800", "é中🎙", "x" * 5_000,
    [], [[]], {}, {"": {}}, [None] * 50, "AAA=", "AA==", "auto", "en", "session.update",
)  # fmt: skip
FRAMES: tuple[str | bytes, ...] = (
    "", " ", "{", "}", "null", "NaN", "[" * 5_000, '{"type":' * 2_000, '"' * 99, "\ufeff{}", b"", b"\xff",
    '{"type": "session.update", "type": "session.close"}',
)  # fmt: skip


def messages(valid: Sequence[dict[str, Any]], count: int, seed: int) -> Iterator[str | bytes]:
    """Frames: some of ``valid`` as they are, most of them mutated, and some that are no messages.

    Args:
        valid: what a client may send.
    """
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.random()
        if kind < 0.1:
            yield chance.choice(FRAMES)
        elif kind < 0.2:
            text = json.dumps(chance.choice(valid))
            at = chance.randrange(len(text))
            yield (
                text[:at] + chance.choice(["", "\\", '"', "\0", "]", "é"]) + text[at + chance.randrange(4) :]
            )
        elif kind < 0.35:
            yield json.dumps(chance.choice(valid))
        else:
            message = copy.deepcopy(chance.choice(valid))
            for _ in range(chance.randint(1, 3)):
                _mutate(message, chance)
            yield json.dumps(message)


def _mutate(message: dict[str, Any], chance: random.Random) -> None:
    """Change one field somewhere in a message."""
    parent = message
    while True:
        name = chance.choice([*parent, "extra"])
        inside = parent.get(name)
        if not (isinstance(inside, dict) and inside and chance.random() < 0.8):
            break
        parent = inside
    if chance.random() < 0.2:
        parent.pop(name, None)
    else:
        parent[name] = copy.deepcopy(chance.choice(JUNK))
