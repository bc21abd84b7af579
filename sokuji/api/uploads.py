"""The uploads of one gateway replica: how many are received and decoded at the same time, and by whom."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO

from sokuji.api.concurrency_limiter import ConcurrencyLimiter, KeyedLimiter
from sokuji.audio.decoder_process.messages import DecodingBounds
from sokuji.audio.decoder_process.pool import Decoders
from sokuji.config import Limits
from sokuji.errors import Overloaded, RateLimited

_RETRY_S = 2.0


class Uploads:
    """The places of uploads, and the decoders.

    Args:
        limits: replaced by ``apply``.
        decoders: the processes that decode.
    """

    def __init__(self, limits: Limits, decoders: Decoders) -> None:
        self._decoders = decoders
        self._receiving = ConcurrencyLimiter(limits.max_concurrent_uploads)
        self._of_client = KeyedLimiter(limits.max_client_uploads)
        self._decoding = ConcurrencyLimiter(limits.max_decodings)
        self._decoding_of_client = KeyedLimiter(_share(limits))
        self._limits = limits

    def start(self) -> None:
        """Begin to start the decoders, so that the first upload does not wait for one. Returns at once."""
        self._decoders.start()

    def apply(self, limits: Limits) -> None:
        """Take over limits; places in use are kept."""
        self._limits = limits
        self._receiving.resize(limits.max_concurrent_uploads)
        self._of_client.resize(limits.max_client_uploads)
        self._decoding.resize(limits.max_decodings)
        self._decoding_of_client.resize(_share(limits))

    @property
    def receiving(self) -> int:
        """Uploads whose bodies are being received."""
        return self._receiving.in_use

    def place(self) -> AbstractContextManager[None]:
        """Hold one of ``max_concurrent_uploads`` places, while a body is received.

        Raises:
            Overloaded: all places are in use.
        """
        message = f"{self._receiving.limit} recordings are being received; try again shortly"
        return self._receiving.slot_or_raise(Overloaded(message, retry_after_s=_RETRY_S))

    @contextmanager
    def client_place(self, client: str) -> Iterator[None]:
        """Hold one of the ``max_client_uploads`` places of a client, until its request has been answered.

        Args:
            client: its address (``limits.client_address``).

        Raises:
            RateLimited: all of them are in use.
        """
        count = self._limits.max_client_uploads
        message = f"{count} recordings of this address are in progress; send the next one when one is done"
        refusal = RateLimited(message, retry_after_s=_RETRY_S)
        with self._of_client.of(client) as places, places.slot_or_raise(refusal):
            yield

    async def decode(self, file: BinaryIO, *, name: str, client: str) -> bytes:
        """An upload as mono PCM at ``RECOGNISER_RATE``; waits for a decoder.

        Args:
            file: has a descriptor, and is open until this returns.
            name: of the file, as the client gave it.
            client: as for ``client_place``; no client holds up those of the others.

        Raises:
            InvalidAudio, TooLarge, Overloaded: see ``Decoders.decode``.
        """
        limits = self._limits
        bounds = DecodingBounds(
            limits.max_audio_s, limits.decoding_cpu_s, limits.decoding_memory_bytes, limits.decoding_timeout_s
        )
        with self._decoding_of_client.of(client) as of_client:
            async with of_client, self._decoding:
                return await self._decoders.decode(file, bounds, name)


def _share(limits: Limits) -> int:
    """How many decoders one client may use."""
    return max(1, limits.max_decodings // 2)
