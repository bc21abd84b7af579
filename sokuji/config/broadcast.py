"""Settings of broadcasts: sessions to which others listen."""

from pydantic import Field

from sokuji.config.settings import Settings


class BroadcastSettings(Settings):
    """Limits on listeners. Those of a broadcast hold for all gateway replicas together."""

    max_listeners: int = Field(500, ge=1, le=100_000)
    """Listeners of one broadcast; further ones are refused with close code 1013."""
    max_gateway_listeners: int = Field(500, ge=0, le=10_000)
    """Listeners of all broadcasts at one gateway replica; further ones are refused with 1013. 0: this service
    has no broadcasts."""
    max_languages: int = Field(6, ge=1, le=32)
    """Languages of one broadcast that anybody listens to. Each costs a translation and a voice, whoever
    listens."""
    max_waiting_bytes: int = Field(2**20, ge=2**16, le=2**28)
    """Voice that waits for one listener; what exceeds it is left out, the oldest first. The default is 22 s
    at 24 kHz."""
    late_join_segments: int = Field(20, ge=1, le=1_000)
    """Captions that a listener who joins late gets, in segments, and which one who comes back may have
    missed."""
    resume_s: float = Field(60, ge=0, le=3_600)
    """How long a broadcast waits for a speaker who has lost the connection."""
    listeners_need_key: bool = False
    """Whether listeners need an API key beside the link, where the service demands keys."""
