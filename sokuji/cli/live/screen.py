"""What a live conversation shows: captions that scroll, below them the words that may still change, the level
of the microphone and what goes on. Without a terminal captions are lines, and everything else is on standard
error.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from sokuji import events
from sokuji.cli.console import timestamp

_CELLS = 30
_FLOOR_DB = -60.0
_LOUD_DB = -3.0
_REFRESHES_PER_S = 8
_PARTIAL_CHARS = 300


def level_db(pcm: bytes) -> float:
    """The level of mono int16 PCM (RMS) in dB of full scale; -inf for silence."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    mean = float(np.mean(np.square(samples))) if samples.size else 0.0
    return 10 * math.log10(mean / 32_768**2) if mean else -math.inf


def meter(level: float) -> str:
    """A level in dB as a bar."""
    filled = round(_CELLS * min(1.0, max(0.0, 1 - level / _FLOOR_DB)))
    return f"[{'=' * filled}{' ' * (_CELLS - filled)}]"


class Screen:
    """Shows the conversation on two consoles: captions on the first, what is no result on the second."""

    def __init__(self, out: Console, err: Console) -> None:
        self._out = out
        self._err = out if out.is_terminal else err
        self._partial = ""
        self._level = -math.inf
        self._state = ""

    def __rich__(self) -> Group:
        """The lines below the captions."""
        style = "red" if self._level > _LOUD_DB else "green"
        return Group(
            Text(self._partial[-_PARTIAL_CHARS:], style="dim"),
            Text.assemble((meter(self._level), style), "  ", self._state),
        )

    def set_level(self, pcm: bytes) -> None:
        """Show how loud the microphone hears."""
        self._level = level_db(pcm)

    def set_state(self, text: str) -> None:
        """Show what goes on; without a terminal it is a line."""
        if text != self._state and not self._out.is_terminal:
            self._err.print(Text(text))
        self._state = text

    def warn(self, text: str) -> None:
        """Show what went wrong."""
        self._err.print(Text(f"sokuji: {text}", style="yellow"), soft_wrap=True)

    def show(self, event: events.Event) -> None:
        """Show an event, if there is something to see in it."""
        match event:
            case events.Transcription(is_final=True):
                self._partial = ""
                self._line(f"{timestamp(event.end_ms):>8}  {event.language}  {event.text}")
            case events.Transcription():
                self._partial = event.text
            case events.TranslationText() if event.text:
                self._line(f"{'':>8}  {event.target_language}  {event.text}", style="bold")
            case events.Failed():
                self.warn(event.error.message)

    def _line(self, text: str, style: str = "") -> None:
        self._out.print(Text(text, style=style))


@contextmanager
def live_screen() -> Iterator[Screen]:
    """The screen of this process."""
    out = Console(highlight=False, soft_wrap=True)
    screen = Screen(out, Console(stderr=True, highlight=False))
    if not out.is_terminal:
        yield screen
        return
    with Live(screen, console=out, refresh_per_second=_REFRESHES_PER_S, transient=True):
        yield screen
