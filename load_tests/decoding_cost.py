"""What it costs an upload to be decoded in a process of its own, against the thread of the gateway.

Both decode the same files in turn, so that other load on the machine meets both. Processor time is that of
all processes together.

``python -m load_tests.decoding_cost``
"""

import asyncio
import io
import resource
import tempfile
import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import Annotated, BinaryIO

import av
import numpy as np
import psutil
import typer

from load_tests.reports.report import Columns, OutputOption, columns_table, header, show, write
from load_tests.scenarios import options
from sokuji.audio.decoder_process.messages import DecodingBounds
from sokuji.audio.decoder_process.pool import Decoders
from sokuji.audio.decoding import decode
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.cli.console import one_line_failures
from sokuji.config import Limits
from sokuji.measure.samples import compose, sentences

FORMATS = (("wav", "pcm_s16le", 16_000), ("ogg", "libopus", 48_000), ("mp3", "libmp3lame", 48_000))
LENGTHS_S = (10, 60, 600)
LONG_S = LENGTHS_S[-1]
_CHUNK_BYTES = 2 * RECOGNISER_RATE

app = options.command_line()


@dataclass(frozen=True, slots=True)
class DecodingCost:
    """Of the uploads of one file: medians by the clock, means of processor time."""

    container: str
    seconds: float
    """Of the recording."""
    uploads: int
    thread_ms: float
    """Decoded in this process."""
    process_ms: float
    """Decoded in a process of its own."""
    thread_cpu_ms: float
    process_cpu_ms: float

    @property
    def added_cpu_ms(self) -> float:
        """What the process adds."""
        return self.process_cpu_ms - self.thread_cpu_ms


COLUMNS: Columns[DecodingCost] = {
    "file": lambda each: each.container,
    "seconds": lambda each: f"{each.seconds:.0f}",
    "uploads": lambda each: str(each.uploads),
    "thread, ms": lambda each: f"{each.thread_ms:.1f}",
    "process, ms": lambda each: f"{each.process_ms:.1f}",
    "ratio": lambda each: f"{each.process_ms / each.thread_ms:.2f}",
    "thread, CPU ms": lambda each: f"{each.thread_cpu_ms:.1f}",
    "process, CPU ms": lambda each: f"{each.process_cpu_ms:.1f}",
    "added, CPU ms": lambda each: f"{each.added_cpu_ms:.1f}",
}


@app.command()
@one_line_failures()
def main(
    uploads: Annotated[int, typer.Option(min=3, max=10_000, help="Uploads of each short file.")] = 200,
    long_uploads: Annotated[int, typer.Option(min=3, max=1_000, help="Uploads of each long file.")] = 9,
    output: OutputOption = None,
) -> None:
    """Decode recordings of 10 s, 1 min and 10 min in a thread and in a process of their own."""
    costs = asyncio.run(_measure(uploads, long_uploads))
    show([columns_table("Time to decode an upload", COLUMNS, costs)])
    write(output, {**header(), "costs": [asdict(each) for each in costs]})


async def _measure(uploads: int, long_uploads: int) -> list[DecodingCost]:
    decoders = Decoders()
    try:
        speech = compose(sentences("en")).pcm
        costs = []
        for seconds in LENGTHS_S:
            count = long_uploads if seconds == LONG_S else uploads
            recording = _repeated(speech, seconds)
            for container, codec, rate in FORMATS:
                file = _encoded(recording, container, codec, rate)
                costs.append(await _cost(decoders, container, file, count))
        return costs
    finally:
        decoders.close()


async def _cost(decoders: Decoders, container: str, content: bytes, uploads: int) -> DecodingCost:
    limits = Limits()
    bounds = DecodingBounds(
        2 * LONG_S, limits.decoding_cpu_s, limits.decoding_memory_bytes, limits.decoding_timeout_s
    )
    times: dict[str, list[float]] = {"thread": [], "process": []}
    cpu_s, seconds = {"thread": 0.0, "process": 0.0}, 0.0
    with tempfile.TemporaryFile() as file:
        file.write(content)
        await decoders.decode(file, bounds)
        for _ in range(uploads):
            began, used_s = time.perf_counter(), _cpu_s()
            await asyncio.to_thread(_decoded, file)
            switched, used_by_thread_s = time.perf_counter(), _cpu_s()
            pcm = await decoders.decode(file, bounds)
            times["thread"].append(switched - began)
            times["process"].append(time.perf_counter() - switched)
            cpu_s["thread"] += used_by_thread_s - used_s
            cpu_s["process"] += _cpu_s() - used_by_thread_s
            seconds = len(pcm) / 2 / RECOGNISER_RATE
    measured = (*map(median, times.values()), *(total / uploads for total in cpu_s.values()))
    return DecodingCost(container, seconds, uploads, *(1_000 * each for each in measured))


def _cpu_s() -> float:
    """Of this process and of all that it has started; those that run are counted in steps of 10 ms."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    started_s = ended.ru_utime + ended.ru_stime + sum(each.user + each.system for each in running)
    return time.process_time() + started_s


def _decoded(file: BinaryIO) -> bytes:
    file.seek(0)
    return decode(file, max_seconds=2 * LONG_S)


def _repeated(pcm: bytes, seconds: int) -> bytes:
    size = 2 * RECOGNISER_RATE * seconds
    return (pcm * (size // len(pcm) + 1))[:size]


def _encoded(pcm: bytes, container: str, codec: str, rate: int) -> bytes:
    """Mono PCM at ``RECOGNISER_RATE`` as a file."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        resampler = av.AudioResampler("s16", "mono", rate)
        for start in range(0, len(pcm), _CHUNK_BYTES):
            samples = np.frombuffer(pcm[start : start + _CHUNK_BYTES], "<i2")
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
            frame.sample_rate = RECOGNISER_RATE
            for part in resampler.resample(frame):
                file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return target.getvalue()


if __name__ == "__main__":
    app()
