"""All replicas of a cluster sign with one key: that of the environment, or the first that one draws."""

import pytest
from ray.experimental import internal_kv

from deployments.signing_key import signing_key
from sokuji.config.variables import CLIENT_SECRET_KEY
from sokuji.errors import ConfigError

Store = dict[tuple[bytes, bytes], bytes]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """What stands in for Ray's store, with its rule for keys that exist."""
    kept: Store = {}

    def put(key: bytes, value: bytes, overwrite: bool = True, *, namespace: bytes) -> bool:
        existed = (namespace, key) in kept
        if overwrite or not existed:
            kept[namespace, key] = value
        return existed

    monkeypatch.delenv(CLIENT_SECRET_KEY, raising=False)
    monkeypatch.setattr(internal_kv, "_internal_kv_put", put)
    monkeypatch.setattr(internal_kv, "_internal_kv_get", lambda key, *, namespace: kept[namespace, key])
    return kept


def test_the_replica_that_comes_later_takes_the_key_of_the_first(store: Store) -> None:
    first = signing_key()
    assert len(first) == 32
    assert signing_key() == first
    store.clear()
    assert signing_key() != first


def test_the_environment_goes_first_and_nothing_is_stored(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CLIENT_SECRET_KEY, f" {'k' * 32}\n")
    assert signing_key() == b"k" * 32
    assert store == {}


def test_a_short_key_is_refused_without_being_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CLIENT_SECRET_KEY, "hunter2")
    with pytest.raises(ConfigError) as refusal:
        signing_key()
    assert refusal.value.param == CLIENT_SECRET_KEY
    assert "hunter2" not in str(refusal.value)
    assert "32" in str(refusal.value)
