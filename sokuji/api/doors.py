"""Which door a path belongs to: it decides the shape of errors, and labels metrics."""

import re
from typing import Literal

Door = Literal["bridge", "openai", "libretranslate", "service"]

_PATHS: tuple[tuple[re.Pattern[str], Door], ...] = (
    (re.compile("/api/v1/.*"), "bridge"),
    (re.compile("/v1/.*"), "openai"),
    (
        re.compile("/(translate|translate_file|detect|languages|(download_file|frontend)/.*)"),
        "libretranslate",
    ),
)


def door_of(path: str) -> Door:
    """The door of a path, or of a route with parameters; ``service``: of those about the service itself."""
    return next((door for pattern, door in _PATHS if pattern.fullmatch(path)), "service")
