"""Which tests run in the same process when several share the work (``make test``).

All tests that keep a Ray of many processes busy use one, one after the other: two of them at a time are more
than two cores bear. They are begun first, for they take longest. The tests of any other file stay together
too: models are loaded once for them.
"""

import pytest

_SERVICES = ("tests/service/", "tests/profiles/")
_ORDER = (*_SERVICES, "tests/test_launch.py", "")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups at the same occasion
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name each test's group, and put the longest ones first."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        group = "services" if file.startswith(_SERVICES) else file
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: next(n for n, each in enumerate(_ORDER) if item.nodeid.startswith(each)))
