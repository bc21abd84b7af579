"""The key file: what is written is read, mistakes are named, and changes do not get lost."""

import contextlib
import json
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.access import key_file
from sokuji.access.key_file import change_keys, read_keys, version_of
from sokuji.access.new_key import make_key
from sokuji.config import AccessSettings, parse, parse_gateway
from sokuji.config.keys import Key, KeyLimits, KeyScope, keys_of_text
from sokuji.errors import ConfigError

KEY = make_key("a", [KeyScope.TEXTS]).key
STORED = json.loads(KEY.model_dump_json())

limits = st.builds(
    KeyLimits,
    requests_per_minute=st.none() | st.integers(1, 1_000_000),
    sessions=st.none() | st.integers(1, 100_000),
    audio_minutes_per_day=st.none() | st.floats(0.01, 1_000_000),
    characters_per_day=st.none() | st.integers(1, 1_000_000_000),
)
keys = st.builds(
    Key,
    id=st.text("0123456789abcdef", min_size=8, max_size=8),
    name=st.text("aZ0_ .,:@/+-é文", min_size=1, max_size=64),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    scopes=st.frozensets(st.sampled_from(KeyScope), min_size=1),
    limits=limits,
    expires_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
key_lists = st.lists(keys, max_size=5, unique_by=lambda key: key.id).map(tuple)


@given(key_lists)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, written: tuple[Key, ...]) -> None:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    change_keys(path, lambda _: written)
    assert read_keys(path) == written
    assert parse_gateway({}, {"SOKUJI_KEYS": path.read_text()}).access.keys == written


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["keys", "version"]), inner),
)


@given(json_values)
def test_any_other_json_is_refused_or_has_no_keys(content: Any) -> None:
    with contextlib.suppress(ConfigError):
        assert keys_of_text(json.dumps(content), "here") == ()


@given(st.binary())
def test_any_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ConfigError):
        keys_of_text(b"\xff" + content, "here")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": "x"}, "id"),
        ({"name": ""}, "name"),
        ({"sha256": "0" * 63}, "sha256"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["all"]}, "'recordings', 'texts', 'sessions', 'tokens' or 'metrics'"),
        ({"limits": {"sessions": 0}}, "limits.sessions"),
        ({"limits": {"minutes": 3}}, "accepted: requests_per_minute, sessions"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"secret": "sokuji_1"}, "accepted: id, name"),
    ],
)
def test_a_mistake_is_named_and_values_are_not_shown(change: dict[str, Any], named: str) -> None:
    content = {"version": 1, "keys": [STORED | change]}
    with pytest.raises(ConfigError) as refusal:
        keys_of_text(json.dumps(content), "here")
    assert named in refusal.value.message
    assert "got" not in refusal.value.message


def test_a_key_that_stands_in_the_place_of_its_hash_is_not_shown() -> None:
    value = make_key("a", [KeyScope.TEXTS]).value
    for changed in ({"sha256": value}, {"id": value}, {"name": f"{value}!"}, {"limits": value}):
        with pytest.raises(ConfigError) as refusal:
            parse(AccessSettings, {"keys": [STORED | changed]}, "user_config")
        assert value not in refusal.value.message
    with pytest.raises(ConfigError) as refusal:
        parse(AccessSettings, {"keys": value, "redis_url": value}, "user_config")
    assert value not in refusal.value.message


def test_two_keys_with_one_id_are_refused() -> None:
    with pytest.raises(ConfigError, match=f"{KEY.id} is there more than once"):
        keys_of_text(json.dumps({"keys": [STORED, STORED]}), "here")


def test_a_version_of_later_times_is_refused() -> None:
    with pytest.raises(ConfigError, match="version"):
        keys_of_text(json.dumps({"version": 2, "keys": []}), "here")


def test_a_missing_or_endless_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="sokuji keys create"):
        read_keys(tmp_path / "keys.json")
    monkeypatch.setattr(key_file, "MAX_BYTES", 1_000)
    with pytest.raises(ConfigError, match="more than 1000 bytes"):
        read_keys(Path("/dev/zero"))


def test_only_its_owner_reads_a_new_file_and_the_mode_of_an_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    change_keys(path, lambda _: (KEY,))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    before = version_of(path)
    change_keys(path, lambda present: (*present, make_key("b", [KeyScope.TEXTS]).key))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert len(read_keys(path)) == 2
    assert version_of(path) != before


def test_a_change_that_fails_leaves_the_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    change_keys(path, lambda _: (KEY,))
    with pytest.raises(ConfigError, match="no such key"):
        change_keys(path, _failing)
    assert read_keys(path) == (KEY,)
    assert {each.name for each in tmp_path.iterdir()} == {"keys.json", "keys.json.lock"}


def _failing(_: tuple[Key, ...]) -> tuple[Key, ...]:
    raise ConfigError("no such key")


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match="not a list of keys"):
        change_keys(path, lambda present: present)
    assert path.read_text() == "{"


def test_changes_at_the_same_time_are_all_made(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"

    def add() -> None:
        change_keys(path, lambda present: (*present, make_key("a", [KeyScope.TEXTS]).key))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_keys(path)) == 8


def test_expiry_is_a_time_of_the_day() -> None:
    key = make_key("a", [KeyScope.TEXTS], expires_at=datetime(2030, 1, 1, tzinfo=UTC)).key
    assert not key.has_expired(datetime(2029, 12, 31, tzinfo=UTC))
    assert key.has_expired(datetime(2030, 1, 1, tzinfo=UTC))
