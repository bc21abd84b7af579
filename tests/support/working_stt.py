"""A recogniser whose one worker takes its time, and which reports how busy that worker is."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from sokuji.contract import Effort, RecogniserInfo, RecognitionRequest, Transcript
from sokuji.errors import SokujiError
from sokuji.providers.worker_usage import WorkerUsage
from tests.support.fake_stages import FakeStt

BYTES_PER_S = 32_000


class WorkingStt(FakeStt):
    """Recognises as ``FakeStt``, one request at a time.

    Args:
        cost: seconds for a second of audio.
    """

    def __init__(self, cost: float) -> None:
        super().__init__()
        self.cost = cost
        self._usage = WorkerUsage()
        self._worker = asyncio.Lock()

    async def describe(self) -> RecogniserInfo:
        """The description, with the present use of the worker."""
        return replace(await super().describe(), workers=self._usage.report(1))

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """The results of ``FakeStt``, after the time that they take."""
        queued_at = time.monotonic()
        async with self._worker:
            queued_s = time.monotonic() - queued_at
            work_s = self.cost * sum(len(request.pcm) for request in requests) / BYTES_PER_S
            with self._usage.computing():
                await asyncio.sleep(work_s)
            answers = await super().transcribe(requests)
        effort = Effort(
            queued_s=queued_s, busy_s=work_s, batch_size=1, work_s=work_s, report=self._usage.report(1)
        )
        return [replace(each, effort=effort) if isinstance(each, Transcript) else each for each in answers]
