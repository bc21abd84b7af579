"""What happens when work on a segment fails: outages are waited out, other errors are reported."""

import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from sokuji.errors import OUTAGES, SokujiError
from sokuji.events import Failed
from sokuji.session.output import SessionOutput
from sokuji.telemetry.call_ids import in_segment

log = logging.getLogger(__name__)

T = TypeVar("T")


class FailureHandling:
    """Applies the same rules to every failure of one session.

    Args:
        patience_s: how long an outage is waited out, from the beginning of the work.
    """

    def __init__(self, session_id: str, output: SessionOutput, patience_s: float) -> None:
        self._session_id = session_id
        self._output = output
        self._patience_s = patience_s

    async def retry(self, segment_id: int, began: float, attempt: Callable[[], Awaitable[T]]) -> T:
        """Call ``attempt`` until it succeeds or fails for another reason than an outage.

        Speech is not given up because the machine is slow: only when ``patience_s`` has passed since
        ``began`` (monotonic seconds) does the outage reach the caller.
        """
        while True:
            try:
                return await attempt()
            except OUTAGES:
                if time.monotonic() - began > self._patience_s:
                    raise
                log.warning("session %s segment %d waits", self._session_id, segment_id)

    @contextlib.asynccontextmanager
    async def reported(
        self, segment_id: int, target_language: str | None = None, *, to_client: bool = True
    ) -> AsyncIterator[None]:
        """Report an error as one of this segment, in one language or in all; the conversation goes on."""
        with in_segment(segment_id):
            try:
                yield
            except SokujiError as error:
                log.warning(
                    "session %s segment %d: %s: %s", self._session_id, segment_id, error.code, error.message
                )
                failed = Failed(error, segment_id=segment_id, target_language=target_language)
                await self._output.emit(failed, to_client=to_client)
