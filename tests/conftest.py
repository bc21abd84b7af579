"""Which tests run, which in the same process when two share them, and in which order; what their marks are.

All tests that start Ray run in one process, one after the other: two services at a time are more than two
cores bear. They begin first, for they take longest. The tests of any other file stay together too: a model is
loaded once for them.
"""

import gc
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support import lanes

pytest_plugins = ["tests.support.knobs", "tests.support.loaded_models"]

# How long an example takes says more about the machine than about what is tested.
hypothesis.settings.register_profile("unhurried", deadline=None)
# For ``make test-fast``; a test that states a number of examples, not a multiple of the default, keeps it.
hypothesis.settings.register_profile("fast", deadline=None, max_examples=20)
# For ``make attack``.
hypothesis.settings.register_profile("attack", deadline=None, max_examples=5_000)
hypothesis.settings.load_profile("unhurried")


_CLIENTS = Path(__file__).with_name("clients")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The tests of clients need what `make test-clients` installs: they run when they are named alone."""
    named = any(_CLIENTS in (path := Path(arg).resolve()).parents or path == _CLIENTS for arg in config.args)
    return True if collection_path == _CLIENTS and not named else None


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole files, and all tests of services as one."""

    def _split_scope(self, nodeid: str) -> str:
        return "services" if nodeid.startswith(lanes.SERVICE_TESTS) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How tests are shared between processes."""
    return _ByFile(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Hold tests to their marks."""
    config.pluginmanager.register(lanes.LaneGuard())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, which finds nothing and takes as long as the collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests, and put those that start a service first, in the order of ``lanes.SERVICE_TESTS``."""
    for item in items:
        lanes.mark(item)
    order = (*lanes.SERVICE_TESTS, "")
    items.sort(key=lambda item: next(n for n, path in enumerate(order) if item.nodeid.startswith(path)))
