"""The encodings of text files that are read: UTF-8, and UTF-16 with a byte order mark. Pure."""

from typing import NamedTuple


class TextEncoding(NamedTuple):
    """How a file is encoded, so that another one is written like it."""

    name: str
    """Python's."""
    mark: bytes = b""
    """The byte order mark with which the file begins."""

    def decode(self, data: bytes) -> str:
        """The text of a file.

        Raises:
            UnicodeDecodeError: it is in another encoding.
        """
        return data.removeprefix(self.mark).decode(self.name)

    def encode(self, text: str) -> bytes:
        """A file with this text."""
        return self.mark + text.encode(self.name)


_MARKED = (
    TextEncoding("utf-8", b"\xef\xbb\xbf"),
    TextEncoding("utf-16-le", b"\xff\xfe"),
    TextEncoding("utf-16-be", b"\xfe\xff"),
)


def encoding_of(data: bytes) -> TextEncoding:
    """The encoding that the beginning of a file tells; without a mark it is UTF-8."""
    return next((each for each in _MARKED if data.startswith(each.mark)), TextEncoding("utf-8"))
