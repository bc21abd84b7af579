"""The ``sokuji`` command where the packages of its extra are not installed."""

import sys

import pytest

from sokuji.cli.main import main


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The command line as before its first import."""
    for name in [name for name in sys.modules if name.startswith("sokuji.cli.") and name != main.__module__]:
        monkeypatch.delitem(sys.modules, name)
    return monkeypatch


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_a_missing_package_is_one_line_that_names_the_extra(
    unloaded: pytest.MonkeyPatch, package: str
) -> None:
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        unloaded.delitem(sys.modules, name)
    unloaded.setitem(sys.modules, package, None)  # None makes its import fail.
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == (f"sokuji: {package} is not installed: pip install 'sokuji-bridge[cli]'")


def test_a_missing_module_of_the_package_itself_is_not_blamed_on_an_extra(
    unloaded: pytest.MonkeyPatch,
) -> None:
    unloaded.setitem(sys.modules, "sokuji.cli.demo", None)
    with pytest.raises(ModuleNotFoundError, match=r"sokuji\.cli\.demo"):
        main()
