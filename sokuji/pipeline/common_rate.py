"""One sample rate for speech whose chunks come from several providers."""

from sokuji.audio.resampling import StreamingResampler
from sokuji.contract import AudioChunk


class CommonRate:
    """Resamples all chunks to one rate, also after a fallback to a voice with another rate."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._source: tuple[str | None, int] = (None, 0)
        self._resampler = StreamingResampler(rate, rate)

    def convert(self, chunk: AudioChunk) -> AudioChunk:
        """The chunk at the common rate; blocks while it computes."""
        pcm, source = b"", (chunk.provider, chunk.sample_rate)
        if source != self._source:
            pcm = self._resampler.flush()
            self._source, self._resampler = source, StreamingResampler(chunk.sample_rate, self._rate)
        pcm += self._resampler.push(chunk.pcm, last=chunk.last)
        return AudioChunk(pcm, self._rate, chunk.last, provider=chunk.provider)
