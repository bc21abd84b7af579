"""Settings of access: which web pages may use the service, and which keys its clients need."""

import ipaddress
from pathlib import PurePath
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from sokuji.config.keys import MAX_KEYS, Keys, keys_of_text
from sokuji.config.settings import SECRET, Settings
from sokuji.errors import ConfigError

ANY = "*"
_REDIS_SCHEMES = ("redis", "rediss")


def _checked_origin(value: str) -> str:
    parts = urlsplit(value)
    if value not in (ANY, "null") and value != f"{parts.scheme}://{parts.netloc}":
        raise ValueError("an origin is scheme://host or scheme://host:port, null, or *")
    return value.lower()


def _checked_host(value: str) -> str:
    if not value or set(value) & set("/:@ "):
        raise ValueError("a host is a name without scheme and port, or *")
    return value.lower().removesuffix(".")


def _checked_redis_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = not value or (parts.scheme in _REDIS_SCHEMES and parts.hostname and parts.port != 0)
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("accepted: redis://HOST:PORT/DATABASE, or rediss:// for TLS; empty: no Redis")
    return value


def _checked_path(value: str) -> str:
    if value and not PurePath(value).is_absolute():
        raise ValueError("accepted: an absolute path, since replicas have folders of their own")
    return value


def _keys_of_variable(value: Any) -> Any:
    """What a variable of the environment holds as a text, or the value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return keys_of_text(value, "the keys")
    except ConfigError as error:
        raise ValueError(error.message) from None


class AccessSettings(Settings):
    """Who may use the service. ``allowed_origins`` concerns web pages alone, keys concern all clients."""

    allowed_origins: tuple[Annotated[str, AfterValidator(_checked_origin)], ...] = Field((), max_length=1_000)
    """Origins of pages that may call the service beside its own pages: ``https://app.example.com``, ``null``
    (pages from files), or ``*`` for all."""
    allowed_hosts: tuple[Annotated[str, AfterValidator(_checked_host)], ...] = Field((), max_length=1_000)
    """Names in DNS by which clients reach the service, or ``*`` for all. Addresses and names that nobody can
    register (``localhost``, names without a dot, ``.local``, ``.internal``, ``.svc``) need not be listed."""
    keys_file: Annotated[str, AfterValidator(_checked_path)] = Field("", max_length=4_096)
    """Path of the file with the keys that are accepted (``sokuji keys``); it is watched for changes."""
    keys: Annotated[Keys, BeforeValidator(_keys_of_variable)] = Field(
        (), max_length=MAX_KEYS, json_schema_extra=SECRET
    )
    """Keys that are accepted beside those of the file, as a list or as the content of a key file. They hold
    until the settings change."""
    redis_url: Annotated[str, AfterValidator(_checked_redis_url)] = Field(
        "", repr=False, json_schema_extra=SECRET
    )
    """The Redis that counts what clients use, for all replicas of the Gateway together; empty: each replica
    counts alone."""

    keyless: bool = False
    """Serve clients without keys at all addresses of the machine, not at loopback alone: whoever reaches the
    port may use the service."""

    @property
    def demands_keys(self) -> bool:
        """Whether clients have to show a key."""
        return bool(self.keys_file or self.keys)

    @property
    def is_loopback_only(self) -> bool:
        """Whether clients are served at loopback addresses only."""
        return not (self.demands_keys or self.keyless)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address; also of ``localhost``."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
