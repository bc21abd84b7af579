"""Audio formats of a realtime session: 16-bit PCM, and G.711 at 8 kHz."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sokuji.audio import g711
from sokuji.audio.pcm import MAX_RATE, MIN_RATE

DEFAULT_RATE = 24_000
"""OpenAI's only rate of PCM; others are an extension."""
_LAWS: dict[str, g711.Law] = {"audio/pcmu": "mulaw", "audio/pcma": "alaw"}


class FormatConfig(BaseModel):
    """The format of mono audio in one direction: int16 little-endian PCM, µ-law or A-law."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"] = "audio/pcm"
    rate: Annotated[int, Field(ge=MIN_RATE, le=MAX_RATE)] | None = None
    """Hz; None: that of the type."""

    @model_validator(mode="after")
    def _check_rate(self) -> "FormatConfig":
        if self.type in _LAWS and self.rate not in (None, g711.G711_RATE):
            raise ValueError(f"G.711 has {g711.G711_RATE} Hz; leave the rate out")
        return self

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return g711.G711_RATE if self.type in _LAWS else self.rate or DEFAULT_RATE

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample."""
        return 1 if self.type in _LAWS else 2

    def decoded(self, audio: bytes) -> bytes:
        """The PCM of a client's audio."""
        return g711.decode(audio, _LAWS[self.type]) if self.type in _LAWS else audio

    def encoded(self, pcm: bytes) -> bytes:
        """A client's audio of PCM."""
        return g711.encode(pcm, _LAWS[self.type]) if self.type in _LAWS else pcm

    def as_dict(self) -> dict[str, str | int]:
        """The format as GA clients read it."""
        return {"type": self.type} if self.type in _LAWS else {"type": self.type, "rate": self.sample_rate}
