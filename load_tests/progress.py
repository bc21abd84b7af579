"""Progress on standard error: lines, and bars where it is a terminal."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def progress(message: str) -> None:
    """Print a line."""
    Console(stderr=True, highlight=False).print(message)


def tracked(items: Sequence[Item], label: str) -> Iterable[Item]:
    """The items, with a bar that shows how many have been taken."""
    console = Console(stderr=True)
    return track(items, label, console=console, disable=not console.is_terminal)
