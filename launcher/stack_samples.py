"""Turns the stacks that py-spy samples into a file that ``python -m pstats`` reads. Pure.

py-spy's raw format has one line per distinct stack, outermost frame first, and the number of its samples:
``main (app.py:3);load (models.py:40) 17`` (https://www.brendangregg.com/FlameGraphs/cpuflamegraphs.html).
"""

import marshal
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

Function = tuple[str, int, str]
"""A function as ``pstats`` has it: file, first line, name."""
Counts = tuple[int, int, float, float]
"""Primitive calls, calls, own seconds, cumulative seconds. Samples stand in for calls."""

_FRAME = re.compile(r"(?P<name>.*?) \((?P<file>.*?)(?::(?P<line>\d+))?\)")


def pstats_file(raw: str, rate: int) -> bytes:
    """The content of a ``.pstats`` file.

    Times are estimates: samples divided by ``rate``. Calls are not counted by a sampling profiler; the
    columns ``ncalls`` hold the number of samples that have the function in their stack.

    Args:
        raw: output of ``py-spy record --format raw --function``.
        rate: samples a second.
    """
    own: dict[Function, int] = defaultdict(int)
    cumulative: dict[Function, int] = defaultdict(int)
    calls: dict[Function, dict[Function, int]] = defaultdict(lambda: defaultdict(int))
    for stack, samples in _stacks(raw):
        own[stack[-1]] += samples
        # A recursive function is in the stack more than once, and counts once.
        for function in set(stack):
            cumulative[function] += samples
        for caller, function in set(pairwise(stack)):
            calls[function][caller] += samples
    stats = {
        function: (
            *_counts(samples, own[function], rate),
            {caller: _counts(count, 0, rate) for caller, count in calls[function].items()},
        )
        for function, samples in cumulative.items()
    }
    return marshal.dumps(stats)


def _counts(samples: int, own: int, rate: int) -> Counts:
    return samples, samples, own / rate, samples / rate


def _stacks(raw: str) -> Iterator[tuple[list[Function], int]]:
    for line in raw.splitlines():
        frames, _, samples = line.rpartition(" ")
        # A thread that runs no Python has a stack without frames.
        if frames:
            yield [_function(frame) for frame in frames.split(";")], int(samples)


def _function(frame: str) -> Function:
    match = _FRAME.fullmatch(frame)
    # "~" is what pstats has for functions without a file; "process 1234" is such a frame.
    return (match["file"], int(match["line"] or 0), match["name"]) if match else ("~", 0, frame)
