"""Speech to text with Whisper under CTranslate2, by way of faster-whisper.

``recogniser`` turns each request into a job whose computations the ``Batcher`` runs together with those of
other requests. Final recognitions take precedence over interim ones. All workers share the weights.
"""

import asyncio
import json
import logging
import math
import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from faster_whisper import WhisperModel

from sokuji import models
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.config import FasterWhisperConfig, Settings, check_live
from sokuji.contract import RecogniserInfo, RecognitionRequest, Transcript
from sokuji.errors import (
    ConfigError,
    InvalidAudio,
    NotSupported,
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.languages import LANGUAGES
from sokuji.providers import cpu_threads
from sokuji.providers.batching import Batcher
from sokuji.providers.ctranslate2_device import check_compute_type, select_device
from sokuji.providers.isolation import process_each
from sokuji.providers.jobs import Job
from sokuji.providers.stt.whisper.greedy.greedy_decoder import load_greedy_decoder
from sokuji.providers.stt.whisper.recogniser import WhisperRecogniser
from sokuji.providers.stt.whisper.windows import FULL_WINDOW_S, Samples
from sokuji.providers.stt.whisper_quality import unusable_languages

_log = logging.getLogger(__name__)


class FasterWhisper:
    """A ``Recogniser`` (``sokuji.contract``) with a Whisper model."""

    def __init__(self, config: FasterWhisperConfig) -> None:
        self.config = config
        self._loaded: WhisperRecogniser | None = None
        self._batcher: Batcher | None = None
        self._aligns = False
        # CTranslate2 fixes the number of its own workers at load; each keeps buffers of about 30 MB.
        self._max_workers = max(_workers(config, "cuda"), len(os.sched_getaffinity(0)))

    async def load(self) -> None:
        """Load the model, and decode a window of silence so that all buffers are allocated.

        Raises:
            ConfigError: the device or the compute type is not available on this machine.
            ModelMissing: the model is not available, or damaged.
        """
        device = select_device(self.config.device)
        batcher = Batcher("faster-whisper", workers=_workers(self.config, device))
        try:
            recogniser = await asyncio.to_thread(self._load, device)
            silence = np.zeros((FULL_WINDOW_S - 1) * RECOGNISER_RATE, np.float32)
            warm_up = RecognitionRequest(pcm=b"", language="en")
            await batcher.run(recogniser.recognise(silence, warm_up, self.config))
            self._loaded, self._batcher = recogniser, batcher
        except SokujiError:
            raise
        except Exception as error:  # Three libraries read the model's files, each with its own exceptions.
            path = models.locate("whisper", self.config.model_size)
            reason = str(error).replace(str(path), "its folder")
            raise ConfigError(
                f"whisper model {self.config.model_size!r} cannot be loaded: {reason}", param="model_size"
            ) from error
        finally:
            if self._batcher is not batcher:
                batcher.shutdown()
        self._configure_batcher(self.config)

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, or the number of workers exceeds that of the loaded model.
        """
        config = check_live(self.config, config)
        if config.num_workers > self._max_workers:
            raise ConfigError(
                f"num_workers: the model has been loaded for {self._max_workers} at most; a new replica is "
                "needed for more",
                param="num_workers",
            )
        self.config = config
        self._configure_batcher(config)

    def _configure_batcher(self, config: FasterWhisperConfig) -> None:
        if self._batcher is not None:
            self._batcher.batch_size = config.batch_size
            self._batcher.wait_s = config.batch_wait_ms / 1_000
            self._batcher.resize(_workers(config, select_device(config.device)))

    async def describe(self) -> RecogniserInfo:
        """The languages that the model has tokens for."""
        recogniser, batcher = self._ready()
        return RecogniserInfo(
            provider=self.config.provider,
            model=models.display_name(self.config.model_size),
            languages=tuple(recogniser.languages),
            unusable_languages=unusable_languages(self.config.model_size, recogniser.languages),
            translates_to=("en",) if recogniser.multilingual else (),
            takes_context=True,
            gives_word_times=self._aligns,
            workers=batcher.report(),
        )

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """One result for each request, in the same order."""
        return await process_each("recognition", requests, self._transcribe_one)

    async def check(self) -> None:
        """Decode one token from a second of silence.

        Raises:
            ProviderFailed: the result is not a finite number.
        """
        recogniser, batcher = self._ready()
        if not math.isfinite((await batcher.run(recogniser.probe())).value):
            raise ProviderFailed("the recogniser returned values that are not finite")

    async def aclose(self) -> None:
        """Free the model and the threads."""
        self._loaded = None
        if self._batcher is not None:
            self._batcher.shutdown()

    def _ready(self) -> tuple[WhisperRecogniser, Batcher]:
        if self._loaded is None or self._batcher is None:
            raise ProviderUnavailable("the recogniser is not loaded")
        return self._loaded, self._batcher

    def _load(self, device: str) -> WhisperRecogniser:
        check_compute_type(self.config.compute_type, device, setting="compute_type")
        path = models.locate("whisper", self.config.model_size)
        model = WhisperModel(
            str(path),
            device=device,
            compute_type=self.config.compute_type,
            cpu_threads=cpu_threads_per_worker(self.config),
            num_workers=self._max_workers,
        )
        self._aligns = "alignment_heads" in json.loads((path / "config.json").read_text("utf-8"))
        greedy = None
        if device == "cpu" and self.config.decodes_in_8_bits and self.config.cpu_decoder == "onnxruntime":
            greedy = load_greedy_decoder(path, model.hf_tokenizer)
        return WhisperRecogniser(model, _languages(model), aligns=self._aligns, greedy=greedy)

    async def _transcribe_one(self, request: RecognitionRequest) -> Transcript:
        recogniser, batcher = self._ready()
        result = await batcher.run(self._job(recogniser, request, self.config), request)
        return replace(result.value, effort=result.effort)

    def _job(
        self, recogniser: WhisperRecogniser, request: RecognitionRequest, config: FasterWhisperConfig
    ) -> Job[Transcript]:
        samples = _samples(request.pcm)
        self._check_request(recogniser, request)
        return (yield from recogniser.recognise(samples, request, config))

    def _check_request(self, recogniser: WhisperRecogniser, request: RecognitionRequest) -> None:
        if request.task == "translate" and not recogniser.multilingual:
            raise NotSupported(f"{self.config.model_size} cannot translate", param="task")
        if request.language is not None and request.language not in recogniser.languages:
            raise UnsupportedLanguage(
                f"{request.language!r} is not recognised here; accepted: {', '.join(recogniser.languages)}",
                param="language",
            )
        if request.word_times and not self._aligns:
            raise NotSupported(f"{self.config.model_size} cannot time words", param="word_times")


def _workers(config: FasterWhisperConfig, device: str) -> int:
    return cpu_threads.worker_count(config.num_workers, device)


def cpu_threads_per_worker(config: FasterWhisperConfig) -> int:
    """Threads that encode one batch on a CPU: two at least where there are two cores, since two are nearly
    twice as fast as one."""
    return cpu_threads.threads_per_worker(config.cpu_threads, _workers(config, "cpu"), least=2)


def _languages(model: WhisperModel) -> dict[str, str]:
    """Canonical code -> Whisper's code, for the languages that the model has tokens for."""
    if not model.model.is_multilingual:
        return {"en": "en"}
    return {
        code: language.whisper
        for code, language in LANGUAGES.items()
        if language.whisper and model.hf_tokenizer.token_to_id(f"<|{language.whisper}|>") is not None
    }


def _samples(pcm: bytes) -> Samples:
    if not pcm or len(pcm) % 2:
        raise InvalidAudio("the audio is empty or ends within a sample", param="pcm")
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)
