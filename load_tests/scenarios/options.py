"""Values that several of the tools take on their command lines."""

import typer

from sokuji.measure.samples import LANGUAGES


def languages(value: str) -> str:
    """Option callback: languages of which there are recordings, with commas between them."""
    if unknown := set(value.split(",")) - set(LANGUAGES):
        raise typer.BadParameter(
            f"no recordings in {', '.join(sorted(unknown))}; there are: {', '.join(LANGUAGES)}"
        )
    return value


def levels(text: str) -> list[int]:
    """Numbers of sessions: "1,2,4" is [1, 2, 4]."""
    found = _numbers(text)
    if not found or min(found) < 1:
        raise typer.BadParameter(f"{text!r} is no list of numbers of sessions, like 1,2,4")
    return found


def batch_sizes(text: str) -> list[int]:
    """Sizes of batches: "1,4" is [1, 4]."""
    found = _numbers(text)
    if not found or not all(1 <= size <= 64 for size in found):
        raise typer.BadParameter(f"{text!r} is no list of numbers of utterances from 1 to 64, like 1,4,16")
    return found


def _numbers(text: str) -> list[int]:
    """The numbers between the commas; an empty list where one of them is none."""
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        return []
