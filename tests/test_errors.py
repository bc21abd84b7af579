"""Every error of the project crosses process boundaries unchanged."""

import copy
import inspect
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module

import pytest

import deployments
import graphs
import launcher
import load_tests
import sokuji
from sokuji.errors import SokujiError, TooLarge

PACKAGES = (sokuji, deployments, graphs, launcher, load_tests)
OWN = {package.__name__ for package in PACKAGES}


def subclasses(kind: type[SokujiError]) -> Iterator[type[SokujiError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)


def every_error() -> list[type[SokujiError]]:
    """All error classes of the modules that can be imported here; extras may be missing."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.rpartition(".")[2] == "__main__":
                continue
            try:
                import_module(module.name)
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] in OWN:
                    raise
    # Ray derives classes of its own from the errors that a task raises.
    ours = (kind for kind in subclasses(SokujiError) if kind.__module__.partition(".")[0] in OWN)
    return [*dict.fromkeys(ours), WithArgumentsOfItsOwn]


class WithArgumentsOfItsOwn(SokujiError):
    """Passes another message on, and keeps what the constructor was given."""

    def __init__(self, path: str, *, line: int) -> None:
        super().__init__(f"{path}, line {line}", param="line", retry_after_s=2.5)
        self.path = path
        self.line = line


def example(kind: type[SokujiError]) -> SokujiError:
    """An instance in which every attribute differs from its default."""
    given = {
        name: {"str": name, "str | None": name, "float": 2.5, "int": 7, "SokujiError": SokujiError("cause")}[
            str(getattr(parameter.annotation, "__name__", parameter.annotation))
        ]
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.default is parameter.empty
    }
    construct: Callable[..., SokujiError] = kind
    error = construct(**given)
    error.param, error.retry_after_s = "field", 3.5
    error.context = {"attempt": 2}  # type: ignore[attr-defined]
    return error


WAYS: dict[str, Callable[[SokujiError], SokujiError]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))  # type: ignore[misc]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_every_error_can_be_copied_and_pickled_without_loss(way: str) -> None:
    kinds = every_error()
    assert {TooLarge, WithArgumentsOfItsOwn} < set(kinds)
    for error in map(example, kinds):
        found = WAYS[way](error)
        assert found is not error
        assert type(found) is type(error)
        assert (str(found), found.args, found.as_dict()) == (str(error), error.args, error.as_dict())
        assert vars(found) == vars(error)


def test_a_deep_copy_shares_nothing_that_can_change() -> None:
    error = example(TooLarge)
    assert vars(copy.deepcopy(error))["context"] is not vars(error)["context"]
