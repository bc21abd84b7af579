"""Clients of a service that demands no keys."""

from sokuji.access.key_ring import KeyRing
from sokuji.access.principal import Principal
from sokuji.access.quotas import Quotas
from sokuji.access.shared_counts import SharedCounts


def anonymous(address: str = "127.0.0.1") -> Principal:
    """A client without a key."""
    return Principal(address, KeyRing(), Quotas(SharedCounts()))
