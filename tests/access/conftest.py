"""Where counts are kept: each test that takes ``counts`` runs with both places."""

from collections.abc import AsyncIterator, Iterator

import pytest

from sokuji.access.shared_counts import SharedCounts
from tests.access.redis_server import needs_redis, redis_server


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server that is shared: keys have ids of their own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
async def counts(request: pytest.FixtureRequest) -> AsyncIterator[SharedCounts]:
    """Counts in memory and in Redis."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    shared = SharedCounts(url)
    yield shared
    await shared.close()
