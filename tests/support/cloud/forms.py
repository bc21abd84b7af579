"""What a multipart upload holds."""

import io
import wave
from dataclasses import dataclass
from email import message_from_bytes

from tests.support.cloud.server import Request


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of an upload, and the one file in it."""

    fields: dict[str, list[str]]
    file_field: str
    filename: str
    file: bytes

    def pcm(self) -> bytes:
        """The samples of the file, which must be WAV as recognisers want it."""
        with wave.open(io.BytesIO(self.file)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 16_000)
            return bytes(sound.readframes(sound.getnframes()))


def read_form(request: Request) -> Form:
    """The fields of a multipart request, in which one part must be a WAV file."""
    kind = request.headers["content-type"]
    assert kind.startswith("multipart/form-data; boundary=")
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    fields: dict[str, list[str]] = {}
    files = []
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        if part.get_filename():
            assert part.get_content_type() == "audio/wav"
            files.append((str(name), str(part.get_filename()), payload))
        else:
            fields.setdefault(str(name), []).append(payload.decode())
    (file,) = files
    return Form(fields, *file)
