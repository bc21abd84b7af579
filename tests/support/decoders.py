"""The decoders that the services of a test process share: each service would start two processes."""

from functools import cache

from sokuji.audio.decoder_process.pool import Decoders


@cache
def shared_decoders() -> Decoders:
    """They start with the first upload, and end with this process."""
    return Decoders()
