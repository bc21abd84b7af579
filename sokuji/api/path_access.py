"""What a client needs for each path of the service, and how the OpenAPI document says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sokuji.config.keys import KeyScope

_SCHEME = "ApiKey"


@dataclass(frozen=True)
class PathAccess:
    """What a client needs for the paths of the service. A path that is not named needs a key, of any scope.

    Args:
        public: paths that need no key.
        public_below: beginnings of such paths.
        scopes: path -> what a key has to be for.
        keys_in_body: paths whose body may have the key, which their door then hands to ``identify_by_body``.
    """

    public: frozenset[str]
    public_below: tuple[str, ...]
    scopes: Mapping[str, KeyScope]
    keys_in_body: frozenset[str]

    def is_public(self, path: str) -> bool:
        """Whether a path needs no key."""
        return path in self.public or path.startswith(self.public_below)


def describe_access(document: dict[str, Any], paths: PathAccess) -> None:
    """Say in an OpenAPI document that the paths need a key, where the service demands keys."""
    schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes[_SCHEME] = {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a client secret (`ek_...`) where a live session begins. A service "
        "that listens on loopback only may demand none.",
    }
    for path, operations in document["paths"].items():
        needed: list[dict[str, list[str]]] = [] if paths.is_public(path) else [{_SCHEME: []}]
        for operation in operations.values():
            operation["security"] = needed
            if scope := paths.scopes.get(path):
                operation["description"] = (
                    f"{operation.get('description', '')}\n\nNeeds a key with the scope `{scope.value}`."
                ).strip()
