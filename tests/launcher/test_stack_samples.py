"""py-spy's raw stacks as a profile that the standard library's ``pstats`` reads."""

import io
import pstats
from pathlib import Path
from typing import Any

from launcher.stack_samples import pstats_file

RAW = """\
main (app.py:1);load (models.py:40);read (models.py:7) 30
main (app.py:1);load (models.py:40) 10
main (app.py:1);walk (tree.py:5);walk (tree.py:5);walk (tree.py:5) 20
 90
"""
MAIN, LOAD, READ = ("app.py", 1, "main"), ("models.py", 40, "load"), ("models.py", 7, "read")
WALK = ("tree.py", 5, "walk")


def loaded(raw: str, folder: Path) -> dict[Any, Any]:
    path = folder / "profile.pstats"
    path.write_bytes(pstats_file(raw, rate=100))
    stats: dict[Any, Any] = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]
    return stats


def test_samples_become_seconds_of_the_function_itself_and_of_all_that_it_calls(tmp_path: Path) -> None:
    stats = loaded(RAW, tmp_path)
    times = {function: (own, cumulative) for function, (_, _, own, cumulative, _) in stats.items()}
    assert times == {MAIN: (0.0, 0.6), LOAD: (0.1, 0.4), READ: (0.3, 0.3), WALK: (0.2, 0.2)}


def test_a_function_names_its_callers_with_their_part_of_its_time(tmp_path: Path) -> None:
    callers = {function: row[4] for function, row in loaded(RAW, tmp_path).items()}
    assert callers[READ] == {LOAD: (30, 30, 0.0, 0.3)}
    assert callers[WALK] == {MAIN: (20, 20, 0.0, 0.2), WALK: (20, 20, 0.0, 0.2)}
    assert callers[MAIN] == {}


def test_names_with_spaces_and_brackets_stay_whole_and_frames_without_a_file_are_kept(tmp_path: Path) -> None:
    raw = "process 12;<module> (/a folder/run (1).py:3);Store.items.<locals>.<genexpr> (shop.py:9) 5\n"
    assert set(loaded(raw, tmp_path)) == {
        ("~", 0, "process 12"),
        ("/a folder/run (1).py", 3, "<module>"),
        ("shop.py", 9, "Store.items.<locals>.<genexpr>"),
    }


def test_pstats_prints_it(tmp_path: Path) -> None:
    path, printed = tmp_path / "profile.pstats", io.StringIO()
    path.write_bytes(pstats_file(RAW, rate=100))
    pstats.Stats(str(path), stream=printed).sort_stats("cumulative").print_stats().print_callers()
    assert "app.py:1(main)" in printed.getvalue()
