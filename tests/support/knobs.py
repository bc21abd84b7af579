"""A test marked ``knob(setting)`` must show that the setting changes what the service does.

The test takes the fixture ``knob`` and reports, for two values of the setting at least, what it observed with
the settings that were in effect. The value is read from those settings, so that a test cannot claim one that
was never set; at the end of the test the observations must differ. A marker without reports is an error.
"""

import os
from collections.abc import Hashable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from sokuji.config import PROVIDER_CONFIGS, GatewaySettings


def homes(setting: str) -> list[tuple[type[BaseModel], str]]:
    """The classes that a setting is a field of, and its name there."""
    *path, field = setting.split(".")
    if path == ["args"]:
        from graphs.speech_translation import GraphArgs  # It imports Ray, which most tests do without.

        return [(GraphArgs, field)]
    if path[0] == "gateway":
        section = GatewaySettings.model_fields[path[1]].annotation
        assert isinstance(section, type)
        return [(section, field)]
    stage, provider = path
    kinds = PROVIDER_CONFIGS[stage]
    return [(kind, field) for name, kind in kinds.items() if provider in ("*", name)]


class Knobs:
    """What one test has observed of the settings that it is marked with."""

    def __init__(self, settings: tuple[str, ...]) -> None:
        self.settings = settings
        self._observed: dict[str, dict[Hashable, set[Hashable]]] = {name: {} for name in settings}

    def observe(self, setting: str, effective: BaseModel | None, observation: Hashable) -> None:
        """Report what the service did.

        Args:
            setting: as the marker has it; a variable that no settings class holds by its own name.
            effective: the settings with which the service ran; None for a variable, which is read from the
                environment.
            observation: what tells that the setting has another value, for example the text.
        """
        assert setting in self._observed, f"the test is not marked with {setting}"
        value = self._value(setting, effective)
        self._observed[setting].setdefault(value, set()).add(observation)

    @staticmethod
    def _value(setting: str, effective: BaseModel | None) -> Hashable:
        if "." not in setting:
            assert effective is None
            return os.environ.get(setting)
        fields = [field for kind, field in homes(setting) if isinstance(effective, kind)]
        assert fields, f"{setting} is no field of {type(effective).__name__}"
        value: Any = getattr(effective, fields[0])
        return tuple(value) if isinstance(value, list) else value

    def check(self) -> None:
        """Fail unless every setting had two values with which different things were observed."""
        for setting, observed in self._observed.items():
            assert len(observed) > 1, f"{setting}: observed with one value only, {list(observed)}"
            different = {frozenset(observations) for observations in observed.values()}
            assert len(different) > 1, f"{setting}: the same was observed with all of {list(observed)}"


@pytest.fixture(autouse=True)
def knob(request: pytest.FixtureRequest) -> Iterator[Knobs]:
    """Takes the reports of a marked test and checks them at its end."""
    settings = tuple(name for mark in request.node.iter_markers("knob") for name in mark.args)
    knobs = Knobs(settings)
    yield knobs
    report = request.node.stash.get(_REPORT, None)
    if report is not None and report.passed:
        knobs.check()


_REPORT = pytest.StashKey[pytest.TestReport]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Keep the result of the test itself, so that a failed or skipped one gets no second failure."""
    report = yield
    if report.when == "call":
        item.stash[_REPORT] = report
    return report
