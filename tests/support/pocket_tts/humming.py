"""A network for the provider that needs no PyTorch: it hums, as long as its text, in parts of 80 ms."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sokuji.config import PocketTtsConfig
from sokuji.providers.tts.pocket_tts.model_files import ModelFiles
from sokuji.providers.tts.pocket_tts.provider import PocketTts
from sokuji.providers.tts.waveform_chunks import WaveformPart
from tests.support.pocket_tts.description import empty_model

PART_S = 0.08
PARTS_PER_CHARACTER = 2


class HummingNetwork:
    """The louder and higher, the later the voice is in the alphabet. Notes what it computes."""

    sample_rate = 24_000

    def __init__(self, files: ModelFiles) -> None:
        self.spoken: list[tuple[str, str]] = []
        """Text and voice of every phrase that was begun."""
        self.parts = 0

    def speak(self, text: str, voice: Path) -> Iterator[WaveformPart]:
        """See ``provider.Network``."""
        self.spoken.append((text, voice.stem))
        count = PARTS_PER_CHARACTER * len(text)
        pitch = 1 + ord(voice.stem[0]) - ord("a")
        times = np.arange(int(PART_S * self.sample_rate)) / self.sample_rate
        for number in range(count):
            self.parts += 1
            waveform = 0.05 * pitch * np.sin(2 * np.pi * 150 * pitch * times)
            yield WaveformPart(waveform.astype(np.float32), number == count - 1)


def humming_voice() -> PocketTts:
    """The provider with that network, not loaded."""
    return PocketTts(PocketTtsConfig(tts_model=str(empty_model())), HummingNetwork)
