"""Speech to text with Whisper under CTranslate2, by way of faster-whisper.

The work is in ``recogniser``. Each request is answered by itself, in one of ``num_workers`` threads that
share the weights.
"""

import asyncio
import json
import logging
import math
import os
import threading
from collections.abc import Sequence

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel

from sokuji import models
from sokuji.audio import RECOGNISER_RATE
from sokuji.config import FasterWhisperConfig, check_live
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
from sokuji.providers.base import RecognitionRequest, SpeechToTextInfo, Transcript, Worker
from sokuji.providers.stt.recogniser import Recogniser
from sokuji.providers.stt.windows import WINDOW_S, Samples

_log = logging.getLogger(__name__)


class FasterWhisper:
    """A Whisper model; see ``SpeechToText`` for the contract."""

    def __init__(self, config: FasterWhisperConfig) -> None:
        self.config = config
        self._worker = Worker("faster-whisper", config.num_workers)
        self._loaded: Recogniser | None = None
        self._aligns = False

    async def load(self) -> None:
        """Load the model, and decode a window of silence so that all buffers are allocated.

        Raises:
            ConfigError: the device or the compute type is not to be had on this machine.
            ModelMissing: the model is not to be had, or damaged.
        """
        await self._worker.run(self._load)

    def update(self, config: FasterWhisperConfig) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which takes a new model.
        """
        check_live(self.config, config)
        self.config = config

    async def describe(self) -> SpeechToTextInfo:
        """The languages that the model has tokens for."""
        return SpeechToTextInfo(
            provider=self.config.provider,
            model=self.config.model_size,
            languages=tuple(self._recogniser.languages),
            translates_to=("en",) if self._recogniser.multilingual else (),
            takes_context=True,
            takes_prefix=True,
            gives_word_times=self._aligns,
        )

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """One answer for each request, in the same order."""
        abandoned = threading.Event()
        try:
            answers = (self._worker.run(self._answer, request, abandoned) for request in requests)
            return list(await asyncio.gather(*answers))
        except asyncio.CancelledError:
            # A thread cannot be stopped, but it need not begin what nobody waits for.
            abandoned.set()
            raise

    async def check(self) -> None:
        """Decode two tokens of a second of silence."""
        await self._worker.run(self._check)

    async def aclose(self) -> None:
        """Free the model and the threads."""
        self._loaded = None
        self._worker.shutdown()

    @property
    def _recogniser(self) -> Recogniser:
        if self._loaded is None:
            raise ProviderUnavailable("the recogniser is not loaded")
        return self._loaded

    def _load(self) -> None:
        device = _device(self.config.device)
        supported = sorted(ctranslate2.get_supported_compute_types(device))
        if self.config.compute_type not in supported:
            raise ConfigError(
                f"compute_type {self.config.compute_type!r} is not supported on this {device}; accepted: "
                f"{', '.join(supported)}",
                param="compute_type",
            )
        path = models.locate("whisper", self.config.model_size)
        try:
            model = WhisperModel(
                str(path),
                device=device,
                compute_type=self.config.compute_type,
                cpu_threads=threads(self.config),
                num_workers=self.config.num_workers,
            )
            self._aligns = "alignment_heads" in json.loads((path / "config.json").read_text("utf-8"))
            recogniser = Recogniser(model, _languages(model))
            longest = np.zeros((WINDOW_S - 1) * RECOGNISER_RATE, np.float32)
            recogniser.recognise(longest, RecognitionRequest(pcm=b"", language="en"), self.config)
            self._loaded = recogniser
        except Exception as error:  # Three libraries read these files, each with errors of its own.
            reason = str(error).replace(str(path), "its folder")
            raise ConfigError(
                f"whisper model {self.config.model_size!r} cannot be loaded: {reason}", param="model_size"
            ) from error

    def _check(self) -> None:
        if not math.isfinite(self._recogniser.probe()):
            raise ProviderFailed("the recogniser computes no finite numbers")

    def _answer(self, request: RecognitionRequest, abandoned: threading.Event) -> Transcript | SokujiError:
        try:
            samples = _samples(request.pcm)
            self._accept(request)
            return self._recogniser.recognise(samples, request, self.config, abandoned.is_set)
        except SokujiError as error:
            return error
        except Exception as error:
            _log.exception("recognition failed")
            return ProviderFailed(f"recognition failed ({type(error).__name__})")

    def _accept(self, request: RecognitionRequest) -> None:
        recogniser = self._recogniser
        if request.task == "translate" and not recogniser.multilingual:
            raise NotSupported(f"{self.config.model_size} cannot translate", param="task")
        if request.language is not None and request.language not in recogniser.languages:
            raise UnsupportedLanguage(
                f"{request.language!r} is not recognised here; accepted: {', '.join(recogniser.languages)}",
                param="language",
            )
        if request.word_times and not self._aligns:
            raise NotSupported(f"{self.config.model_size} cannot time words", param="word_times")


def _device(wanted: str) -> str:
    cuda = ctranslate2.get_cuda_device_count() > 0
    if wanted == "cuda" and not cuda:
        raise ConfigError("device 'cuda': CTranslate2 finds no GPU; accepted: cpu, auto", param="device")
    return "cuda" if cuda and wanted != "cpu" else "cpu"


def threads(config: FasterWhisperConfig) -> int:
    """Threads of one call."""
    cores = len(os.sched_getaffinity(0))
    return config.cpu_threads or max(1, min(4, cores // config.num_workers))


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
