"""Which tests run in the same process when two share the work (``make test``).

All tests that keep a Ray of many processes busy use one, one after the other: two of them at a time are more
than two cores bear. They are begun first, for they take longest. The tests of any other file stay together
too: models are loaded once for them.
"""

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_SERVICES = ("tests/service/", "tests/launcher/test_main.py", "tests/profiles/")
_ORDER = (*_SERVICES, "")

pytest_plugins = ["tests.support.knobs", "tests.support.loaded_models"]

# How long an example takes says more about the machine than about what is tested.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole files, and the services as one."""

    def _split_scope(self, nodeid: str) -> str:
        return "services" if nodeid.startswith(_SERVICES) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How the work is shared."""
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first."""
    items.sort(key=lambda item: next(n for n, each in enumerate(_ORDER) if item.nodeid.startswith(each)))
