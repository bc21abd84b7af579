"""One service over fake stages for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.api_server import serve_api


@pytest.fixture(scope="session")
def realtime_url() -> Iterator[str]:
    """The URL of the service."""
    with serve_api() as url:
        yield url
