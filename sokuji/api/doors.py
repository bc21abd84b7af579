"""Which door a path belongs to: it decides the shape of errors, and labels metrics."""

import re
from typing import Literal

Door = Literal["bridge", "openai", "libretranslate", "service"]

# A path may have line breaks, which are ``%0A`` in the request.
_PATHS: tuple[tuple[re.Pattern[str], Door], ...] = (
    (re.compile("/api/v1/.*", re.DOTALL), "bridge"),
    (re.compile("/v1/.*", re.DOTALL), "openai"),
    (
        re.compile("/(translate|translate_file|detect|languages|(download_file|frontend)/.*)", re.DOTALL),
        "libretranslate",
    ),
)


def door_of(path: str) -> Door:
    """The door of a path, or of a route with parameters; ``service``: of those about the service itself."""
    return next((door for pattern, door in _PATHS if pattern.fullmatch(path)), "service")
