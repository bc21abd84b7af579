"""``num_workers``: as many computations of a provider run at the same time, from the next request on."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sokuji.config import BergamotConfig
from sokuji.contract import Synthesiser, SynthesisRequest, TranslationRequest
from sokuji.providers.translation import bergamot as bergamot_module
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.providers.tts import sound
from sokuji.text import sentences
from tests.support.loaded_models import Loaded

TEXTS = 4
LEAST_S = 0.02


class Busy:
    """How many were computed at the same time, at most."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def around(self, compute: Callable[[], Any]) -> Any:
        """``compute``, counted; it takes long enough for the others to begin."""
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            time.sleep(LEAST_S)
            return compute()
        finally:
            with self._lock:
                self.now -= 1


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Busy:
    """Counts what voices and the translator compute."""
    counted, chunks, translate = Busy(), sound.chunks, sentences.translate_text

    def counted_chunks(*args: Any) -> Iterator[Any]:
        made = chunks(*args)
        while (chunk := counted.around(lambda: next(made, None))) is not None:
            yield chunk

    monkeypatch.setattr(sound, "chunks", counted_chunks)
    monkeypatch.setattr(
        bergamot_module, "translate_text", lambda *args: counted.around(lambda: translate(*args))
    )
    return counted


async def speak(provider: Synthesiser) -> None:
    async for _ in provider.synthesize(SynthesisRequest(text="1.", language="en")):
        pass


@pytest.mark.models
@pytest.mark.knob("tts.piper.num_workers", "tts.kokoro.num_workers")
@pytest.mark.parametrize("voice", ["piper", "kokoro"])
@pytest.mark.parametrize("workers", [1, 3])
async def test_voices(loaded: Loaded, busy: Busy, voice: str, workers: int) -> None:
    provider = await loaded("tts", voice)
    before = provider.config
    provider.update(before.model_copy(update={"num_workers": workers}))
    try:
        await asyncio.gather(*(speak(provider) for _ in range(TEXTS)))
    finally:
        provider.update(before)
    assert busy.most == workers


@pytest.mark.knob("translation.bergamot.num_workers")
@pytest.mark.parametrize("workers", [1, 3])
async def test_the_translator(bergamot: Bergamot, busy: Busy, workers: int) -> None:
    before = bergamot.config
    bergamot.update(BergamotConfig(num_workers=workers))
    request = TranslationRequest(text="The fox is here.", source="en", target="pt")
    try:
        await asyncio.gather(*(bergamot.translate([request]) for _ in range(TEXTS)))
    finally:
        bergamot.update(before)
    assert busy.most == workers
