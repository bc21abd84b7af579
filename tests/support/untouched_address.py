"""An address to which nobody may connect."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def address() -> Iterator[str]:
    """An address of this machine; the fixture fails if somebody connects to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield "127.0.0.1:{}".format(*listener.getsockname()[1:])
        with pytest.raises(BlockingIOError):
            listener.accept()
