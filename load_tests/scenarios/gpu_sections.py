"""What ``load_tests.gpu_check`` tries on a card, each section in a process of its own.

``python -m load_tests.scenarios.gpu_sections SECTION DEVICE NLLB`` writes a JSON object in a line for each
thing that it has measured, as soon as it has: what hangs or is killed takes nothing of it away. The models
are those that packages carry, and a tiny NLLB from a folder; nothing is downloaded.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from ctypes.util import find_library
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Literal

import onnxruntime

from load_tests.measurements.word_errors import ErrorCount, count_errors
from load_tests.scenarios.recognisers import loaded, result
from load_tests.scenarios.speech_samples import SpeechSample, padded, recordings
from sokuji import models
from sokuji.capacity.memory import estimate
from sokuji.config import FasterWhisperConfig, NllbConfig, PiperConfig, Settings
from sokuji.contract import RecognitionRequest, SynthesisRequest, TranslationRequest
from sokuji.providers.tts.kokoro.network import KokoroNetwork

Device = Literal["cuda", "cpu"]
Row = dict[str, Any]
Section = Callable[[Device, Path], AsyncIterator[Row]]

BATCHES = {"cuda": (1, 2, 4, 8, 16, 32, 64), "cpu": (1, 2)}
COMPUTE_TYPES = {"cuda": ("float16", "int8_float16"), "cpu": ("int8",)}
ROUNDS = 3
SENTENCE = "Where is the station?"
"""The tiny NLLB has learned it."""
TENSORRT = "TensorrtExecutionProvider"
_USED = ("nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits")


def card_bytes() -> int:
    """Memory of the first card that is in use, by whomever; 0 without a card."""
    try:
        output = subprocess.run(_USED, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    return int(output.split()[0]) * 2**20


def _memory(config: Settings, before: int) -> Row:
    """Bytes that the card says a process has taken, and what the formula says that it takes at most."""
    needed = estimate(config, share=1)
    return {"card_bytes": card_bytes() - before, "formula_bytes": needed.gpu if needed else None}


async def whisper(device: Device, _: Path) -> AsyncIterator[Row]:
    """Whisper base with batches of utterances: milliseconds for each, words in error, and memory."""
    samples = [padded(each, 200, 200) for each in recordings("en")]
    for compute_type in COMPUTE_TYPES[device]:
        before = card_bytes()
        config = FasterWhisperConfig(
            device=device, compute_type=compute_type, batch_size=BATCHES[device][-1], num_workers=1
        )
        async with loaded("stt", config) as recogniser:
            for batch in BATCHES[device]:
                chosen = list(islice(cycle(samples), batch))
                requests = [RecognitionRequest(pcm=each.pcm, language="en") for each in chosen]
                began = time.perf_counter()
                for _number in range(ROUNDS):
                    answers = await recogniser.transcribe(requests)
                seconds = (time.perf_counter() - began) / ROUNDS
                texts = [result(each).text for each in answers]
                yield {
                    "what": f"Whisper base {compute_type}, batch {batch}",
                    "ms_each": 1_000 * seconds / batch,
                    "word_error_rate": _word_error_rate(chosen, texts),
                    **_memory(config, before),
                }


def _word_error_rate(samples: list[SpeechSample], texts: list[str]) -> float:
    pairs = zip(samples, texts, strict=True)
    return sum((count_errors(each.text, text, "en") for each, text in pairs), ErrorCount()).rate


async def nllb(device: Device, folder: Path) -> AsyncIterator[Row]:
    """The tiny NLLB under CTranslate2."""
    for precision in COMPUTE_TYPES[device]:
        config = NllbConfig(translation_model=str(folder / "ctranslate2"), device=device, precision=precision)
        yield {"what": f"NLLB tiny {precision}", **await _translated(config)}


async def tensorrt(device: Device, folder: Path) -> AsyncIterator[Row]:
    """The tiny NLLB under ONNX Runtime: with TensorRT where it is installed, and with CUDA."""
    available = onnxruntime.get_available_providers()
    wanted = [TENSORRT, "CUDAExecutionProvider"] if device == "cuda" else ["CPUExecutionProvider"]
    for provider in wanted:
        # ONNX Runtime names TensorRT whether or not its libraries are there, and falls back silently.
        if provider not in available or (provider == TENSORRT and not find_library("nvinfer")):
            yield {"what": f"NLLB tiny, {provider}", "skipped": "not installed"}
            continue
        config = NllbConfig(
            translation_model=str(folder / "onnx"),
            use_onnx=True,
            precision="float32",
            onnx_providers=list(dict.fromkeys([provider, "CPUExecutionProvider"])),
        )
        yield {"what": f"NLLB tiny, {provider}", **await _translated(config)}


async def _translated(config: NllbConfig) -> Row:
    before = card_bytes()
    async with loaded("translation", config) as translator:
        request = TranslationRequest(text=SENTENCE, source="en", target="pt")
        began = time.perf_counter()
        for _ in range(ROUNDS):
            (answer,) = await translator.translate([request])
        seconds = (time.perf_counter() - began) / ROUNDS
        return {"ms_each": 1_000 * seconds, "text": result(answer).text, **_memory(config, before)}


async def voices(device: Device, _: Path) -> AsyncIterator[Row]:
    """Kokoro's network and a Piper voice on the device."""
    before = card_bytes()
    network = KokoroNetwork(models.locate("kokoro", "kokoro-82m-int8"), cpu_threads=2, device=device)
    style = next(iter(network.styles.values()))
    phonemes = [symbol for symbol in "həlˈoʊ wˈɜːld" if symbol in network.ids]
    began = time.perf_counter()
    for _number in range(ROUNDS):
        waveform = await asyncio.to_thread(network.render, phonemes, style)
    seconds = (time.perf_counter() - began) / ROUNDS
    yield {
        "what": "Kokoro, one phrase",
        "ms_each": 1_000 * seconds,
        "seconds_of_speech": len(waveform) / 24_000,
        "card_bytes": card_bytes() - before,
    }
    config = PiperConfig(device=device)
    async with loaded("tts", config) as voice:
        before = card_bytes()
        began = time.perf_counter()
        request = SynthesisRequest(text="Hello, world.", language="en")
        size = sum([len(chunk.pcm) async for chunk in voice.synthesize(request)])
        yield {
            "what": "Piper, one sentence",
            "ms_each": 1_000 * (time.perf_counter() - began),
            "bytes": size,
            **_memory(config, before),
        }


SECTIONS: dict[str, Section] = {"whisper": whisper, "nllb": nllb, "voices": voices, "tensorrt": tensorrt}


async def _main(section: str, device: Device, folder: Path) -> None:
    async for row in SECTIONS[section](device, folder):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], "cuda" if sys.argv[2] == "cuda" else "cpu", Path(sys.argv[3])))
