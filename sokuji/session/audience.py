"""Which languages others than the client of a session want of it; they change while the session goes on."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

NOBODY: Mapping[str, bool] = MappingProxyType({})


class Audience:
    """The languages that are wanted beside those of the client, each with or without a voice."""

    def __init__(self) -> None:
        self._voiced: Mapping[str, bool] = NOBODY

    def want(self, languages: Mapping[str, bool]) -> None:
        """Replace what is wanted: canonical code -> whether anybody wants to hear it."""
        self._voiced = dict(languages)

    @property
    def languages(self) -> Collection[str]:
        """All languages that anybody wants."""
        return self._voiced

    def hears(self, target: str) -> bool:
        """Whether anybody beside the client wants the voice of a language."""
        return self._voiced.get(target, False)
