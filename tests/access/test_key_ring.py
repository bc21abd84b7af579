"""The keys that are accepted: revoked, added and expired while the service runs."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sokuji.access.key_file import change_keys
from sokuji.access.key_ring import WATCH_S, KeyRing
from sokuji.access.new_key import NewKey, make_key
from sokuji.config import AccessSettings
from sokuji.config.keys import KeyScope
from sokuji.errors import ConfigError, Unauthenticated


class Times:
    """Both clocks of a key ring."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def ring(self) -> KeyRing:
        return KeyRing(lambda: self.seconds, lambda: self.now)


def new_key(name: str = "a", expires_at: datetime | None = None) -> NewKey:
    return make_key(name, KeyScope, expires_at=expires_at)


def write(path: Path, *keys: NewKey) -> None:
    change_keys(path, lambda _: tuple(each.key for each in keys))


def test_keys_of_the_file_and_of_the_settings_are_accepted(tmp_path: Path) -> None:
    ring, in_file, in_settings = KeyRing(), new_key(), new_key()
    assert not ring.demands_keys
    write(tmp_path / "keys.json", in_file)
    ring.apply(AccessSettings(keys_file=str(tmp_path / "keys.json"), keys=(in_settings.key,)))
    assert ring.demands_keys
    assert ring.verify(in_file.value) == in_file.key
    assert ring.verify(in_settings.value) == in_settings.key
    with pytest.raises(Unauthenticated, match="Bearer KEY"):
        ring.verify(None)


def test_a_change_of_the_file_holds_within_a_second(tmp_path: Path) -> None:
    times, path, kept, revoked, added = Times(), tmp_path / "keys.json", new_key(), new_key(), new_key()
    ring = times.ring()
    write(path, kept, revoked)
    ring.apply(AccessSettings(keys_file=str(path)))
    ring.verify(revoked.value)
    write(path, kept, added)
    times.seconds += WATCH_S
    with pytest.raises(Unauthenticated, match="revoked"):
        ring.verify(revoked.value)
    with pytest.raises(Unauthenticated, match="revoked"):
        ring.current(revoked.key.id)
    assert ring.verify(added.value) == added.key
    assert ring.current(kept.key.id) == kept.key


def test_a_file_of_the_same_size_and_time_is_seen_to_be_another(tmp_path: Path) -> None:
    times, path, old, new = Times(), tmp_path / "keys.json", new_key(), new_key()
    ring = times.ring()
    write(path, old)
    ring.apply(AccessSettings(keys_file=str(path)))
    status = path.stat()
    write(path, new)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    times.seconds += WATCH_S
    assert ring.verify(new.value) == new.key


def test_a_file_that_is_gone_holds_no_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    times, path, key = Times(), tmp_path / "keys.json", new_key()
    ring = times.ring()
    write(path, key)
    ring.apply(AccessSettings(keys_file=str(path)))
    path.unlink()
    times.seconds += WATCH_S
    with pytest.raises(Unauthenticated):
        ring.verify(key.value)
    assert "the key file is gone" in caplog.text
    write(path, key)
    times.seconds += WATCH_S
    assert ring.verify(key.value) == key.key


def test_a_file_that_cannot_be_understood_changes_nothing_and_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    times, path, key = Times(), tmp_path / "keys.json", new_key()
    ring = times.ring()
    write(path, key)
    ring.apply(AccessSettings(keys_file=str(path)))
    path.write_text('{"keys": [')
    for _ in range(3):
        times.seconds += WATCH_S
        assert ring.verify(key.value) == key.key
    assert caplog.text.count("the keys stay as they were") == 1


def test_a_file_that_cannot_be_read_at_the_start_is_refused(tmp_path: Path) -> None:
    ring, key = KeyRing(), new_key()
    ring.apply(AccessSettings(keys=(key.key,)))
    with pytest.raises(ConfigError, match="cannot be read"):
        ring.apply(AccessSettings(keys_file=str(tmp_path / "none.json")))
    assert ring.verify(key.value) == key.key, "nothing has changed"


def test_a_key_expires_while_it_is_in_use() -> None:
    times = Times()
    ring, key = times.ring(), new_key(expires_at=times.now + timedelta(hours=1))
    ring.apply(AccessSettings(keys=(key.key,)))
    assert ring.verify(key.value) == key.key
    times.now += timedelta(hours=1)
    with pytest.raises(Unauthenticated, match="expired"):
        ring.verify(key.value)
    with pytest.raises(Unauthenticated, match="expired"):
        ring.current(key.key.id)
