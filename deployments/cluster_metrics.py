"""The metrics of all replicas, wherever they run, on the ``/metrics`` of whichever gateway is asked.

Each replica publishes its page every few seconds in Ray's key-value store, where the gateways read it. Ray's
own metrics API was tried for this and is not used: of a histogram it keeps no sum but one that it makes up
from the middles of the buckets, so that means are wrong (docs/monitoring.md).
"""

import asyncio
import logging
import struct
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping

from prometheus_client import Metric
from ray import serve
from ray.exceptions import RayError
from ray.experimental import internal_kv
from ray.serve.exceptions import RayServeException

from sokuji.metrics.exposition import exposition, parsed

log = logging.getLogger("ray.serve")

PUBLISH_S = 5.0
STALE_S = 30.0
"""A page that is older is that of a replica that has ended, and is dropped."""
_NAMESPACE, _PREFIX = b"sokuji", b"metrics/"
_TIME = struct.Struct("!d")
"""Before each page: when it was published (seconds since 1970)."""


def replica_labels() -> Mapping[str, str] | None:
    """The labels of the samples of this replica; None outside of Serve."""
    try:
        context = serve.get_replica_context()
    except RayServeException:
        return None
    return {"deployment": context.deployment, "replica": context.replica_id.unique_id}


class ClusterMetrics:
    """See ``Replicas``.

    Args:
        labels: of this replica.
        clock: seconds since 1970; on all nodes the same within much less than ``STALE_S``.
    """

    def __init__(self, labels: Mapping[str, str], clock: Callable[[], float] = time.time) -> None:
        self.labels = labels
        self._clock = clock
        self._key = _PREFIX + "/".join(labels.values()).encode()
        self._publishing: asyncio.Task[None] | None = None

    def start(self, collect: Callable[[], Awaitable[list[Metric]]]) -> None:
        """Publish what ``collect`` returns, from now on; does nothing if that has begun."""
        if self._publishing is None:
            self._publishing = asyncio.create_task(self._publish_for_ever(collect))

    async def others(self) -> list[Metric]:
        """See ``Replicas``; pages that are stale are removed. None while the store does not answer."""
        try:
            return await asyncio.to_thread(lambda: [*self._read()])
        except RayError:
            log.warning("the metrics of other replicas could not be read", exc_info=True)
            return []

    def publish(self, families: list[Metric]) -> None:
        """Publish a page now, if there is anything on it. Blocks."""
        if not families:
            return
        value = _TIME.pack(self._clock()) + zlib.compress(exposition(families), level=1)
        internal_kv._internal_kv_put(self._key, value, overwrite=True, namespace=_NAMESPACE)

    async def _publish_for_ever(self, collect: Callable[[], Awaitable[list[Metric]]]) -> None:
        while True:
            families = await collect()
            try:
                await asyncio.to_thread(self.publish, families)
            except RayError:
                # The store restarts: the next page will do.
                log.warning("the metrics could not be published", exc_info=True)
            await asyncio.sleep(PUBLISH_S)

    def _read(self) -> Iterator[Metric]:
        oldest = self._clock() - STALE_S
        for key in internal_kv._internal_kv_list(_PREFIX, namespace=_NAMESPACE):
            value = internal_kv._internal_kv_get(key, namespace=_NAMESPACE)
            if key == self._key or value is None:
                continue
            if _TIME.unpack_from(value)[0] < oldest:
                internal_kv._internal_kv_del(key, namespace=_NAMESPACE)
                continue
            yield from parsed(zlib.decompress(value[_TIME.size :]).decode())
