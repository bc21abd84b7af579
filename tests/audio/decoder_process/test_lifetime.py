"""No decoder outlives the process that has started it, however that ends and whatever the decoder does."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import asyncio, sys, tempfile
from sokuji.audio.decoder_process.messages import DecodingBounds
from sokuji.audio.decoder_process.pool import WARM, Decoders
from tests.attacks.hostile_files import endless_chunks

async def main():
    decoders = Decoders()
    decoders.start()
    while len(decoders.pids) < WARM:
        await asyncio.sleep(0.02)
    file = tempfile.TemporaryFile()
    file.write(8 * endless_chunks())
    task = asyncio.create_task(decoders.decode(file, DecodingBounds(600, 100, 2**27, 100)))
    await asyncio.sleep(0.3)
    print(*decoders.pids, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    if sys.argv[1] == "exits":
        return
    await task

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["exits", signal.SIGKILL, signal.SIGTERM])
def test_decoders_end_with_their_parent(ends: str | signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM, str(ends)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        decoders = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(decoders) == 2
        assert all(decoder.is_running() for decoder in decoders)
        if isinstance(ends, signal.Signals):
            parent.send_signal(ends)
        parent.communicate("", timeout=60)
    _, left = psutil.wait_procs(decoders, timeout=30)
    assert not left
