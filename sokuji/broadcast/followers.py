"""Who listens to one broadcast, as the gateways report it, and what all of them want together."""

from collections.abc import Mapping

from sokuji.broadcast.contract import BroadcastLimits, Demand, WantedLanguages
from sokuji.errors import Overloaded


class Followers:
    """The demands of the gateways that follow a broadcast. A gateway that is silent for too long is gone."""

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._demands: dict[str, Mapping[str, Demand]] = {}
        self._seen: dict[str, float] = {}
        self.wanted = WantedLanguages(0, {}, 0)

    def __contains__(self, follower: str) -> bool:
        """Whether a gateway follows."""
        return follower in self._demands

    def voices(self, follower: str) -> set[str]:
        """The languages that listeners of a gateway want to hear."""
        return {language for language, each in self._demands[follower].items() if each.voices}

    def see(self, follower: str, now: float) -> None:
        """Note that a gateway that follows is there."""
        self._seen[follower] = now

    def set(self, follower: str, demands: Mapping[str, Demand], now: float, limits: BroadcastLimits) -> None:
        """Replace the demands of a gateway; none: it follows no more.

        Raises:
            Overloaded: there would be too many, and more than before; nothing has changed.
        """
        changed = {**self._demands, follower: demands}
        wanted = _sum(changed)
        if wanted.listeners > max(limits.max_listeners, self.wanted.listeners):
            raise Overloaded(
                f"this broadcast has {limits.max_listeners} listeners, and may have no more", retry_after_s=30
            )
        if len(wanted.voiced) > max(limits.max_languages, len(self.wanted.voiced)):
            raise Overloaded(
                f"this broadcast is heard in {limits.max_languages} languages, and may be in no more: choose "
                f"one of {', '.join(self.wanted.voiced)}",
                param="language",
                retry_after_s=30,
            )
        self._demands = changed if demands else {
            each: of for each, of in self._demands.items() if each != follower
        }  # fmt: skip
        self._seen[follower] = now
        self._note(wanted)

    def expire(self, now: float) -> None:
        """Forget the gateways that have been silent for too long."""
        gone = [each for each in self._demands if now - self._seen[each] > self._lease_s]
        for follower in gone:
            del self._demands[follower]
        self._seen = {each: at for each, at in self._seen.items() if each in self._demands}
        if gone:
            self._note(_sum(self._demands))

    def _note(self, wanted: WantedLanguages) -> None:
        if wanted[1:] != self.wanted[1:]:
            self.wanted = wanted._replace(version=self.wanted.version + 1)


def _sum(demands: Mapping[str, Mapping[str, Demand]]) -> WantedLanguages:
    voiced: dict[str, bool] = {}
    listeners = 0
    for of_follower in demands.values():
        for language, demand in of_follower.items():
            voiced[language] = voiced.get(language, False) or demand.voices > 0
            listeners += demand.listeners
    return WantedLanguages(0, voiced, listeners)
