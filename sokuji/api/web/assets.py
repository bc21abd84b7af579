"""The files that the pages load: style sheets and ES modules, as they are in ``static``; there is no build.

Their addresses contain a digest of all of them, so that a browser keeps them for good, and a page never
loads a module of another version from a cache.
"""

import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

_MEDIA_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript"}


class Assets(NamedTuple):
    """All files, read once."""

    texts: dict[str, str]
    """By name."""
    version: str
    """Changes whenever a file does."""


@lru_cache(maxsize=1)
def assets() -> Assets:
    """The files of this installation."""
    folder = files("sokuji.api") / "web" / "static"
    texts = {file.name: file.read_text("utf-8") for file in folder.iterdir() if media_type(file.name)}
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(f"{name}\0{texts[name]}\0".encode())
    return Assets(texts, digest.hexdigest()[:16])


def media_type(name: str) -> str | None:
    """The media type of a file by its name, whatever the machine's own table says; None: it is not served."""
    return _MEDIA_TYPES.get(name[name.rfind(".") :])
