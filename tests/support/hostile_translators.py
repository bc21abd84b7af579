"""Translators that lose, double, reorder and change words."""

import random
from collections.abc import Callable

Change = Callable[[list[str], random.Random], list[str]]


class Mangler:
    """A translator that does the same to the words of every text; it remembers its calls."""

    def __init__(self, change: Change, seed: int = 0) -> None:
        self._change = change
        self._seed = seed
        self.calls: list[list[str]] = []

    async def __call__(self, texts: list[str]) -> list[str]:
        """One answer for each text."""
        self.calls.append(texts)
        return [" ".join(self._change(text.split(), random.Random(f"{self._seed}{text}"))) for text in texts]


def dropped(words: list[str], dice: random.Random) -> list[str]:
    return [word for word in words if dice.random() < 0.8] or words


def doubled(words: list[str], dice: random.Random) -> list[str]:
    return [copy for word in words for copy in [word] * dice.choice((1, 1, 1, 2))]


def reordered(words: list[str], dice: random.Random) -> list[str]:
    return dice.sample(words, len(words))


def in_other_case(words: list[str], dice: random.Random) -> list[str]:
    return [dice.choice((word.upper(), word.lower(), word.title())) for word in words]


def punctuated(words: list[str], dice: random.Random) -> list[str]:
    return [dice.choice(("{}", "{},", '"{}"', "{}-", "({}).")).format(word) for word in words]


def declined(words: list[str], dice: random.Random) -> list[str]:
    return [word + dice.choice(("", "", "s", "-se")) for word in words]


def taken_apart(words: list[str], dice: random.Random) -> list[str]:
    return [dice.choice((word, word, " ".join(word), word[1:] or word)) for word in words]


CHANGES: list[Change] = [
    dropped, doubled, reordered, in_other_case, punctuated, declined, taken_apart,
]  # fmt: skip
