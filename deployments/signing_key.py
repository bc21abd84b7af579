"""The key that signs client secrets, the same in all gateway replicas.

It comes from the environment, or is drawn at random once for a cluster: the first replica puts it into Ray's
internal key-value store, where it stays until the cluster ends. No log line contains it.
"""

import os
import secrets

from ray.experimental import internal_kv

from sokuji.api.credentials import MIN_SIGNING_KEY_BYTES
from sokuji.config.variables import CLIENT_SECRET_KEY
from sokuji.errors import ConfigError

_NAME, _NAMESPACE = b"client_secret_key", b"sokuji"


def signing_key() -> bytes:
    """The key of this cluster, which must have been joined.

    Raises:
        ConfigError: the one in the environment is too short.
    """
    given = os.environ.get(CLIENT_SECRET_KEY, "").strip().encode()
    if not given:
        return _key_of_cluster()
    if len(given) < MIN_SIGNING_KEY_BYTES:
        raise ConfigError(
            f"{CLIENT_SECRET_KEY} has {len(given)} bytes; at least {MIN_SIGNING_KEY_BYTES} are needed, "
            "such as those of `openssl rand -hex 32`",
            param=CLIENT_SECRET_KEY,
        )
    return given


def _key_of_cluster() -> bytes:
    # One of the replicas that start at the same time wins; all of them read what it has put.
    internal_kv._internal_kv_put(
        _NAME, secrets.token_bytes(MIN_SIGNING_KEY_BYTES), overwrite=False, namespace=_NAMESPACE
    )
    return internal_kv._internal_kv_get(_NAME, namespace=_NAMESPACE)
