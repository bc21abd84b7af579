"""Settings of the doors that speak OpenAI's protocols."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field, field_validator

from sokuji import languages
from sokuji.config.settings import Settings

INTERPRETER: Literal["interpreter"] = "interpreter"
"""A model that is all three stages together: realtime sessions have it."""
DEFAULT_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "whisper-1": "stt",
        "gpt-transcribe*": "stt",
        "gpt-live-transcribe*": "stt",
        "gpt-4o-transcribe*": "stt",
        "gpt-4o-mini-transcribe*": "stt",
        "gpt-realtime-whisper*": "stt",
        "tts-1": "tts",
        "tts-1-hd": "tts",
        "gpt-4o-mini-tts*": "tts",
        "gpt-realtime*": INTERPRETER,
        "gpt-realtime-translate*": INTERPRETER,
        "gpt-4o-realtime*": INTERPRETER,
        "gpt-4o-mini-realtime*": INTERPRETER,
    }
)
MAX_ALIASES = 200


class OpenAISettings(Settings):
    """The doors under ``/v1``."""

    model_aliases: dict[str, str] = Field({}, max_length=MAX_ALIASES)
    """Model ids of clients beside those of the service and OpenAI's own: id -> id that the service serves
    (``GET /v1/models``), or ``stt``, ``tts`` or ``interpreter`` for the preferred providers. An id that ends
    in ``*`` stands for all that begin so. They take precedence over the table of OpenAI's ids."""
    max_event_bytes: int = Field(15 * 2**20, ge=1_024, le=2**24)
    """Bytes of one event of a realtime session. Serve's proxy closes the socket above 16 MiB."""
    target_language: str = "en"
    """Language to which a realtime session translates until its client names one, and in which a text to
    speak is taken to be if it is too short to tell."""
    webrtc_ports: tuple[int, int] = (49_152, 65_535)
    """First and last UDP port of WebRTC calls. A call takes one on each address of the host."""
    webrtc_connect_s: float = Field(15, gt=0, le=120)
    """A call to which its client has not connected this long after the answer is closed."""

    @field_validator("webrtc_ports")
    @classmethod
    def _port_range(cls, ports: tuple[int, int]) -> tuple[int, int]:
        if not 1_024 <= ports[0] <= ports[1] <= 65_535:
            raise ValueError("accepted: the first and the last port, from 1024 to 65535, in this order")
        return ports

    @field_validator("target_language")
    @classmethod
    def _known_language(cls, tag: str) -> str:
        return languages.parse(tag, "target_language")

    @property
    def aliases(self) -> dict[str, str]:
        """All aliases, those of the operator first."""
        return {
            **self.model_aliases,
            **{k: v for k, v in DEFAULT_ALIASES.items() if k not in self.model_aliases},
        }
