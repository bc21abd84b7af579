"""A chain of FFmpeg's audio filters over one stream of mono samples, by PyAV."""

from collections.abc import Iterator
from itertools import pairwise

import av
import numpy as np
from av.error import BlockingIOError as NotReady
from av.error import EOFError as Finished
from av.filter import Graph
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono samples, full scale is 1, shape (samples,)."""


class FilterGraph:
    """Filters one after the other, fed block by block.

    Args:
        rate: samples per second.
        filters: name and arguments of each, as FFmpeg writes them.
    """

    def __init__(self, rate: int, *filters: tuple[str, str]) -> None:
        self._rate = rate
        self._pushed = 0
        self._graph = Graph()
        source = self._graph.add_abuffer(sample_rate=rate, format="flt", layout="mono")
        nodes = [
            source,
            *(self._graph.add(name, args) for name, args in filters),
            self._graph.add("abuffersink"),
        ]
        for node, following in pairwise(nodes):
            node.link_to(following)
        self._graph.configure()

    def push(self, samples: Samples) -> None:
        """Feed a block."""
        if not len(samples):
            return
        block = np.ascontiguousarray(samples, np.float32)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._pushed
        self._pushed += len(samples)
        self._graph.push(frame)

    def end(self) -> None:
        """Let the filters emit all that they hold; nothing may be pushed after it."""
        self._graph.push(None)

    def pull(self) -> Iterator[av.AudioFrame]:
        """The frames that are ready."""
        while True:
            try:
                frame = self._graph.pull()
            except (NotReady, Finished):
                return
            assert isinstance(frame, av.AudioFrame)
            yield frame
