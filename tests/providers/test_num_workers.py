"""``num_workers``: as many computations of a provider run at the same time, from the next request on."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sokuji.config import BergamotConfig, CampPlusConfig, NllbConfig
from sokuji.contract import DiarizationRequest, Synthesiser, SynthesisRequest, TranslationRequest
from sokuji.providers.speakers.campplus.networks import Networks
from sokuji.providers.translation import bergamot as bergamot_module
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.providers.translation.nllb.ctranslate2_runtime import CTranslate2Runtime
from sokuji.providers.translation.nllb.provider import Nllb
from sokuji.providers.tts.kokoro import provider as kokoro_module
from sokuji.providers.tts.piper import provider as piper_module
from sokuji.providers.tts.pocket_tts import provider as pocket_tts_module
from sokuji.providers.tts.waveform_chunks import phrase_chunks
from tests.support.knobs import Knobs
from tests.support.loaded_models import Loaded
from tests.support.nllb import build
from tests.support.speech import noise

TEXTS = 4
LEAST_S = 0.02
FOX = TranslationRequest(text="The fox is here.", source="en", target="pt")


class ConcurrencyMeter:
    """The highest number of computations that ran at the same time."""

    def __init__(self) -> None:
        self.running = self.highest = 0
        self._lock = threading.Lock()

    def count(self, compute: Callable[[], Any]) -> Any:
        """The result of ``compute``, which is counted and delayed so that others can start meanwhile."""
        with self._lock:
            self.running += 1
            self.highest = max(self.highest, self.running)
        try:
            time.sleep(LEAST_S)
            return compute()
        finally:
            with self._lock:
                self.running -= 1


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> ConcurrencyMeter:
    """Counts the computations of the voices and of the translator."""
    meter = ConcurrencyMeter()

    def counted_chunks(*args: Any, **options: Any) -> Iterator[Any]:
        chunks = phrase_chunks(*args, **options)
        while (chunk := meter.count(lambda: next(chunks, None))) is not None:
            yield chunk

    for module in (kokoro_module, piper_module, pocket_tts_module):
        monkeypatch.setattr(module, "phrase_chunks", counted_chunks)
    engine_call = bergamot_module._EngineCall
    compute = engine_call.compute_batch
    monkeypatch.setattr(engine_call, "compute_batch", lambda batch: meter.count(lambda: compute(batch)))
    return meter


async def speak(provider: Synthesiser) -> None:
    async for _ in provider.synthesize(SynthesisRequest(text="1.", language="en")):
        pass


@pytest.mark.models
@pytest.mark.knob("tts.piper.num_workers", "tts.kokoro.num_workers", "tts.pocket_tts.num_workers")
async def test_a_voice_runs_num_workers_syntheses_at_a_time(
    loaded: Loaded, meter: ConcurrencyMeter, knob: Knobs
) -> None:
    for voice in ("piper", "kokoro", "pocket_tts"):
        provider = await loaded("tts", voice)
        before = provider.config
        for workers in (1, 3):
            meter.highest = 0
            provider.update(before.model_copy(update={"num_workers": workers}))
            try:
                await asyncio.gather(*(speak(provider) for _ in range(TEXTS)))
                knob.observe(f"tts.{voice}.num_workers", provider.config, meter.highest)
            finally:
                provider.update(before)
            assert meter.highest == workers


@pytest.mark.knob("translation.bergamot.num_workers")
async def test_bergamot_runs_num_workers_translations_at_a_time(
    bergamot: Bergamot, meter: ConcurrencyMeter, knob: Knobs
) -> None:
    before = bergamot.config
    for workers in (1, 3):
        meter.highest = 0
        bergamot.update(BergamotConfig(num_workers=workers))
        try:
            await asyncio.gather(*(bergamot.translate([FOX]) for _ in range(TEXTS)))
            knob.observe("translation.bergamot.num_workers", bergamot.config, meter.highest)
        finally:
            bergamot.update(before)
        assert meter.highest == workers


@pytest.mark.models
@pytest.mark.knob("speakers.campplus.num_workers")
async def test_campplus_runs_num_workers_computations_at_a_time(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    campplus = await loaded("speakers", "campplus")
    before, segment, meter = campplus.config, Networks.segment, ConcurrencyMeter()
    monkeypatch.setattr(Networks, "segment", lambda *args: meter.count(lambda: segment(*args)))
    for workers in (1, 3):
        meter.highest = 0
        campplus.update(CampPlusConfig(num_workers=workers))
        try:
            await asyncio.gather(
                *(campplus.diarize([DiarizationRequest(pcm=noise(500))]) for _ in range(TEXTS))
            )
            knob.observe("speakers.campplus.num_workers", campplus.config, meter.highest)
        finally:
            campplus.update(before)
        assert meter.highest == workers


@pytest.mark.models
@pytest.mark.knob("translation.nllb.num_workers")
async def test_nllb_runs_num_workers_batches_at_a_time(monkeypatch: pytest.MonkeyPatch, knob: Knobs) -> None:
    translate = CTranslate2Runtime.translate
    for workers in (1, 3):
        meter = ConcurrencyMeter()
        monkeypatch.setattr(
            CTranslate2Runtime,
            "translate",
            lambda *args, meter=meter: meter.count(lambda: translate(*args)),
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
        assert meter.highest == workers
        knob.observe("translation.nllb.num_workers", nllb.config, meter.highest)
