"""Counts that several processes share, in Redis."""

import time
from typing import Any

from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sokuji.access.allowance import Allowance
from sokuji.access.counts import Counts
from sokuji.access.leases import LEASE_S
from sokuji.access.request_window import allowance_of, too_many_calls

TIMEOUT_S = 1.0
PREFIX = "sokuji"
FAILURES: tuple[type[Exception], ...] = (RedisError, OSError, TimeoutError)
"""What the methods here raise if Redis does not answer."""

# A sorted set of holders by the time at which their leases end, by the clock of Redis.
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local held = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not held and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[3])))
return 1
"""


class RedisLeases:
    """Of the holders in all processes that use the same Redis; see ``Leases``."""

    def __init__(self, redis: Redis, lease_s: float = LEASE_S) -> None:
        self._redis = redis
        self._lease_s = lease_s
        self._take = redis.register_script(_TAKE)

    async def take(self, name: str, holder: str, most: int) -> bool:
        """See ``Leases``."""
        return bool(await self._take(keys=[_key(name)], args=[holder, most, self._lease_s]))

    async def give_back(self, name: str, holder: str) -> None:
        """See ``Leases``."""
        await self._redis.zrem(_key(name), holder)


class RedisRequestWindow:
    """Of all processes that use the same Redis; see ``RequestWindow``."""

    def __init__(self, storage: RedisStorage) -> None:
        self._limiter = MovingWindowRateLimiter(storage)

    async def admit(self, client: str, per_minute: int) -> Allowance:
        """See ``RequestWindow``."""
        item = RateLimitItemPerMinute(per_minute, namespace="requests")
        admitted = await self._limiter.hit(item, client)
        stats = await self._limiter.get_window_stats(item, client)
        if not admitted:
            raise too_many_calls(per_minute, max(0.0, stats.reset_time - time.time()))
        return allowance_of(per_minute, per_minute - stats.remaining)


def connect(url: str, lease_s: float = LEASE_S) -> Counts:
    """The counts in the Redis at a URL, to which a connection is made with the first of them."""
    # A count that takes long is not worth the wait: nothing is tried twice.
    retry = Retry(NoBackoff(), 0)
    pool = ConnectionPool.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=retry
    )
    options: dict[str, Any] = {"connection_pool": pool}
    storage = RedisStorage(f"async+{url}", implementation="redispy", key_prefix=PREFIX, **options)
    return Counts(
        storage,
        RedisRequestWindow(storage),
        RedisLeases(Redis(connection_pool=pool), lease_s),
        pool.disconnect,
    )


def _key(name: str) -> str:
    return f"{PREFIX}:leases:{name}"
