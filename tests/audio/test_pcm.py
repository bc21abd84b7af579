"""WAV files of PCM, and its duration."""

import io
import wave

from sokuji.audio.pcm import duration_ms, wav_bytes
from tests.support.speech import sample


def test_wav_bytes_is_a_wav_file_of_the_samples() -> None:
    speech = sample("pt", "ola_mundo")
    with wave.open(io.BytesIO(wav_bytes(speech, 22_050))) as reader:
        assert reader.getparams()[:4] == (1, 2, 22_050, len(speech) // 2)
        assert reader.readframes(len(speech)) == speech


def test_duration_is_in_milliseconds() -> None:
    assert duration_ms(bytes(2 * 22_050), 22_050) == 1_000
    assert duration_ms(b"", 16_000) == 0
    assert duration_ms(bytes(2 * 24), 16_000) == 1
