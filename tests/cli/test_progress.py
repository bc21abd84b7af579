"""Progress without a terminal."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from sokuji.cli.progress import LINE_EVERY_S, Display


def test_a_line_comes_now_and_then_and_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    shown = io.StringIO()
    bar = Progress(console=Console(file=shown), disable=True)
    display = Display(Console(), bar, bar.add_task("loading", total=None), clock=lambda: now[0])
    display.start("talk.mp3 (1 of 2)", 600_000)
    for second in range(25):
        now[0] = float(second)
        display.advance_to(10_000 * second)
    lines = shown.getvalue().splitlines()
    assert len(lines) == int(24 / LINE_EVERY_S)
    assert lines[0] == "talk.mp3 (1 of 2): 1:40.0 of 10:00.0"
