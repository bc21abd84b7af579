"""A voice whose words are tones, so that a test can tell whether all of them have been heard."""

from collections.abc import AsyncGenerator

from sokuji.api.playback import CALL_RATE
from sokuji.audio.resampling import resample
from sokuji.contract import AudioChunk, SynthesisRequest
from tests.support.fake_stages import FakeTts
from tests.support.speech import noise, sample
from tests.support.tone_script import tones

SCRIPT = (400, 1_200, 600, 2_000)
SENTENCE = resample(sample("pt", "ola_mundo") + noise(900), 16_000, CALL_RATE)
"""Speech and a pause, mono int16 PCM at ``CALL_RATE``."""


class ToneTts(FakeTts):
    """Speaks the script of tones, in chunks of 50 ms, faster than it can be played."""

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        await self._next(request)
        pcm, size = tones(*SCRIPT), CALL_RATE // 20 * 2
        for at in range(0, len(pcm), size):
            yield AudioChunk(pcm[at : at + size], CALL_RATE, at + size >= len(pcm))
