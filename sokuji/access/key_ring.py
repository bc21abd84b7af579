"""The keys that are accepted now: those of the settings and of the key file, which is watched.

The file's version is looked at no more than once a second, when somebody asks for a key. A file that has gone
holds no key. One that cannot be understood changes nothing, and the log says so once.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sokuji.access.key_file import FileVersion, read_keys, version_of
from sokuji.access.new_key import id_in, is_hashed_in
from sokuji.config.access import AccessSettings
from sokuji.config.keys import Key
from sokuji.errors import ConfigError, Unauthenticated

log = logging.getLogger(__name__)

WATCH_S = 1.0
HEADER = "Authorization"


class KeyRing:
    """See the module.

    Args:
        clock: seconds on a monotonic clock, for the watch.
        now: the time of day, for keys that expire.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._now = now
        self._settings = AccessSettings()
        self._keys: dict[str, Key] = {}
        self._version: FileVersion | None = None
        self._looked_at = 0.0

    @property
    def demands_keys(self) -> bool:
        """Whether clients have to show a key."""
        return self._settings.demands_keys

    def apply(self, settings: AccessSettings) -> None:
        """Take over settings.

        Raises:
            ConfigError: the key file cannot be read, or is not a list of keys; nothing has changed.
        """
        version, in_file = None, tuple[Key, ...]()
        if settings.keys_file:
            path = Path(settings.keys_file)
            version, in_file = version_of(path), read_keys(path)
        self._settings, self._version, self._looked_at = settings, version, self._clock()
        self._take(in_file)

    def verify(self, value: str | None) -> Key:
        """The key that a client shows; None: it shows none.

        Raises:
            Unauthenticated: it is not accepted.
        """
        if value is None:
            raise Unauthenticated(
                f"this service needs an API key; send it as '{HEADER}: Bearer KEY'", param=HEADER
            )
        self._look()
        stored = self._keys.get(id_in(value) or "")
        if not is_hashed_in(value, stored) or stored is None:
            raise Unauthenticated(
                "the API key is not one of this service, or has been revoked; ask its operator for a key",
                param=HEADER,
            )
        return self._current(stored)

    def current(self, key_id: str) -> Key:
        """The key with this id as it is now.

        Raises:
            Unauthenticated: it has been revoked, or has expired.
        """
        self._look()
        stored = self._keys.get(key_id)
        if stored is None:
            raise Unauthenticated(
                "the API key has been revoked; ask the operator of the service for another", param=HEADER
            )
        return self._current(stored)

    def _current(self, key: Key) -> Key:
        if key.has_expired(self._now()):
            raise Unauthenticated(
                "the API key has expired; ask the operator of the service for another", param=HEADER
            )
        return key

    def _look(self) -> None:
        """Read the file again if it has changed."""
        if not self._settings.keys_file or self._clock() - self._looked_at < WATCH_S:
            return
        self._looked_at = self._clock()
        path = Path(self._settings.keys_file)
        version = version_of(path)
        if version == self._version:
            return
        self._version = version
        if version is None:
            log.error("the key file is gone: its keys are not accepted any more")
            self._take(())
            return
        try:
            self._take(read_keys(path))
        except ConfigError as error:
            log.error("the keys stay as they were: %s", error.message)

    def _take(self, in_file: tuple[Key, ...]) -> None:
        before = self._keys
        self._keys = {key.id: key for key in (*in_file, *self._settings.keys)}
        if before.keys() != self._keys.keys():
            log.info("%d API keys are accepted", len(self._keys))
