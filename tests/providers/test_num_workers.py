"""``num_workers``: as many computations of a provider run at the same time, from the next request on."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sokuji.config import BergamotConfig, NllbConfig
from sokuji.contract import Synthesiser, SynthesisRequest, TranslationRequest
from sokuji.providers.translation import bergamot as bergamot_module
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.providers.translation.nllb.ctranslate2_runtime import CTranslate2Runtime
from sokuji.providers.translation.nllb.provider import Nllb
from sokuji.providers.tts import sound
from sokuji.text import sentences
from tests.support.knobs import Knobs
from tests.support.loaded_models import Loaded
from tests.support.nllb import build

TEXTS = 4
LEAST_S = 0.02
FOX = TranslationRequest(text="The fox is here.", source="en", target="pt")


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


@pytest.mark.knob("tts.piper.num_workers", "tts.kokoro.num_workers")
async def test_voices(loaded: Loaded, busy: Busy, knob: Knobs) -> None:
    for voice in ("piper", "kokoro"):
        provider = await loaded("tts", voice)
        before = provider.config
        for workers in (1, 3):
            busy.most = 0
            provider.update(before.model_copy(update={"num_workers": workers}))
            try:
                await asyncio.gather(*(speak(provider) for _ in range(TEXTS)))
                knob.observe(f"tts.{voice}.num_workers", provider.config, busy.most)
            finally:
                provider.update(before)
            assert busy.most == workers


@pytest.mark.knob("translation.bergamot.num_workers")
async def test_bergamot(bergamot: Bergamot, busy: Busy, knob: Knobs) -> None:
    before = bergamot.config
    for workers in (1, 3):
        busy.most = 0
        bergamot.update(BergamotConfig(num_workers=workers))
        try:
            await asyncio.gather(*(bergamot.translate([FOX]) for _ in range(TEXTS)))
            knob.observe("translation.bergamot.num_workers", bergamot.config, busy.most)
        finally:
            bergamot.update(before)
        assert busy.most == workers


@pytest.mark.knob("translation.nllb.num_workers")
async def test_nllb(monkeypatch: pytest.MonkeyPatch, knob: Knobs) -> None:
    translate = CTranslate2Runtime.translate
    for workers in (1, 3):
        busy = Busy()
        monkeypatch.setattr(
            CTranslate2Runtime,
            "translate",
            lambda *args, busy=busy: busy.around(lambda: translate(*args)),
        )
        folder = str(build.model() / "ctranslate2")
        nllb = Nllb(
            NllbConfig(translation_model=folder, num_workers=workers, max_batch_size=1, cpu_threads=1)
        )
        await nllb.load()
        try:
            await asyncio.gather(*(nllb.translate([FOX]) for _ in range(TEXTS)))
        finally:
            await nllb.aclose()
        assert busy.most == workers
        knob.observe("translation.nllb.num_workers", nllb.config, busy.most)
