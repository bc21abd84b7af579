"""A text file that a client has sent: its suffix, its size and its encoding are checked."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import NamedTuple

from starlette.datastructures import UploadFile

from sokuji.errors import InvalidRequest, TooLarge
from sokuji.text.encodings import TextEncoding, encoding_of

_BYTES_PER_CHARACTER = 4


class UploadedText(NamedTuple):
    """What a file says, and what is needed to write another one like it."""

    text: str
    stem: str
    suffix: str
    encoding: TextEncoding

    def encoded(self, text: str) -> bytes:
        """``text`` in the encoding of the file."""
        return self.encoding.encode(text)


async def uploaded_text(file: object, suffixes: Iterable[str], max_chars: int) -> UploadedText:
    """The file of a form.

    Args:
        file: the value of the field.
        suffixes: those that are accepted, in lower case.

    Raises:
        InvalidRequest: no file, a suffix that is not accepted, or neither UTF-8 nor UTF-16 with a mark.
        TooLarge: it has more than ``max_chars``.
    """
    if not isinstance(file, UploadFile):
        raise InvalidRequest("file must be a file in a multipart form", param="file")
    path = PurePath(file.filename or "")
    if path.suffix.lower() not in suffixes:
        accepted = ", ".join(suffixes)
        raise InvalidRequest(
            f"file {path.suffix[:20]!r} is no kind that is translated; accepted: {accepted}", param="file"
        )
    data = await file.read(max_chars * _BYTES_PER_CHARACTER + 1)
    encoding = encoding_of(data)
    try:
        text = encoding.decode(data)
    except UnicodeDecodeError as error:
        if error.end < len(data) - len(encoding.mark) or len(data) <= max_chars * _BYTES_PER_CHARACTER:
            raise InvalidRequest(
                f"file is no {encoding.name.upper()} at byte {error.start}; save it as UTF-8", param="file"
            ) from None
        raise _too_large(max_chars) from None
    if len(text) > max_chars:
        raise _too_large(max_chars)
    return UploadedText(text, path.stem, path.suffix.lower(), encoding)


def _too_large(max_chars: int) -> TooLarge:
    return TooLarge(f"file has more than {max_chars} characters", param="file")
