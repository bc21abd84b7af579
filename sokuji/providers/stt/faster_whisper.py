"""Speech to text with Whisper under CTranslate2, by way of faster-whisper.

Each request is decoded by itself, in one of ``num_workers`` threads that share the weights.
"""

import asyncio
import logging
import math
import os
from collections.abc import Sequence

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

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
from sokuji.languages import LANGUAGES, from_whisper
from sokuji.providers.base import RecognitionRequest, SpeechToTextInfo, Transcript, Worker
from sokuji.providers.stt.whisper_text import LEAD_S, NO_SPEECH, Heard, loops, token_limit, transcript

Samples = NDArray[np.float32]

_LANGUAGE_PROBE_S = 6
_SURE_OF_LANGUAGE = 0.5

_log = logging.getLogger(__name__)


class FasterWhisper:
    """A Whisper model; see ``SpeechToText`` for the contract."""

    def __init__(self, config: FasterWhisperConfig) -> None:
        self.config = config
        self._worker = Worker("faster-whisper", config.num_workers)
        self._loaded: WhisperModel | None = None
        self._languages: dict[str, str] = {}

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
            languages=tuple(self._languages),
            translates_to=("en",) if self._model.model.is_multilingual else (),
            takes_context=True,
        )

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """One answer for each request, in the same order."""
        return list(await asyncio.gather(*(self._worker.run(self._answer, request) for request in requests)))

    async def check(self) -> None:
        """Decode two tokens of a second of silence."""
        await self._worker.run(self._check)

    async def aclose(self) -> None:
        """Free the model and the threads."""
        self._loaded = None
        self._worker.shutdown()

    @property
    def _model(self) -> WhisperModel:
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
            self._loaded = WhisperModel(
                str(path),
                device=device,
                compute_type=self.config.compute_type,
                cpu_threads=_threads(self.config),
                num_workers=self.config.num_workers,
            )
            self._languages = _languages(self._loaded)
            warm_up = RecognitionRequest(pcm=b"", language="en")
            self._decode(np.zeros(RECOGNISER_RATE, np.float32), "en", warm_up, self.config.beam_size)
        except Exception as error:  # Three libraries read these files, each with errors of its own.
            reason = str(error).replace(str(path), "its folder")
            raise ConfigError(
                f"whisper model {self.config.model_size!r} cannot be loaded: {reason}", param="model_size"
            ) from error

    def _check(self) -> None:
        features = self._model.feature_extractor(np.zeros(RECOGNISER_RATE, np.float32), padding=0)
        encoded = self._model.encode(features)
        start = self._model.hf_tokenizer.token_to_id("<|startoftranscript|>")
        (result,) = self._model.model.generate(
            encoded, [[start]], beam_size=1, max_length=3, return_scores=True
        )
        if not math.isfinite(result.scores[0]):
            raise ProviderFailed("the recogniser computes no finite numbers")

    def _answer(self, request: RecognitionRequest) -> Transcript | SokujiError:
        try:
            return self._recognise(request)
        except SokujiError as error:
            return error
        except Exception as error:
            _log.exception("recognition failed")
            return ProviderFailed(f"recognition failed ({type(error).__name__})")

    def _recognise(self, request: RecognitionRequest) -> Transcript:
        samples = _samples(request.pcm)
        self._accept(request)
        language = request.language or self._detect(samples)
        heard = self._decode(samples, language, request, self.config.beam_size)
        seconds = LEAD_S + len(samples) / RECOGNISER_RATE
        looping = loops(heard, seconds)
        if any(segment.no_speech_prob <= NO_SPEECH for segment in looping):
            # A wider search with every group of three tokens allowed once ends most loops, and costs no
            # more than the first decoding did.
            heard = self._decode(samples, language, request, max(5, self.config.beam_size), once=3)
        else:
            heard = [segment for segment in heard if segment not in looping]
        return transcript(heard, language, seconds)

    def _accept(self, request: RecognitionRequest) -> None:
        can_translate = self._model.model.is_multilingual
        if request.task == "translate" and not can_translate:
            raise NotSupported(f"{self.config.model_size} cannot translate", param="task")
        if request.language is not None and request.language not in self._languages:
            raise UnsupportedLanguage(
                f"{request.language!r} is not recognised here; accepted: {', '.join(self._languages)}",
                param="language",
            )

    def _detect(self, samples: Samples) -> str:
        """The canonical code of the language spoken.

        The encoder's time grows with what it hears, so a short piece is tried first: 0.1 s instead of 0.8 s.
        """
        if not self._model.model.is_multilingual:
            return "en"
        start = samples[: _LANGUAGE_PROBE_S * RECOGNISER_RATE]
        features = self._model.feature_extractor(start, padding=RECOGNISER_RATE // 2)
        even = features[:, : features.shape[-1] // 2 * 2]
        token, probability = self._model.model.detect_language(self._model.encode(even))[0][0]
        code = token[2:-2]
        if probability < _SURE_OF_LANGUAGE:
            code, _, _ = self._model.detect_language(samples)
        return from_whisper(code)

    def _decode(
        self, samples: Samples, language: str, request: RecognitionRequest, beam: int, once: int = 0
    ) -> list[Heard]:
        """Segments with text; windows that are probably silence are left out (as in openai/whisper)."""
        config = self.config
        led = np.concatenate([np.zeros(round(LEAD_S * RECOGNISER_RATE), np.float32), samples])
        segments, _ = self._model.transcribe(
            led,
            language=self._languages[language],
            task=request.task,
            initial_prompt=request.context or None,
            beam_size=beam,
            best_of=config.best_of,
            temperature=config.temperature,
            no_repeat_ngram_size=once,
            no_speech_threshold=NO_SPEECH,
            condition_on_previous_text=False,
            max_new_tokens=token_limit(len(samples) / RECOGNISER_RATE, self._prompt_tokens(request.context)),
            vad_filter=config.vad_filter,
            vad_parameters={"threshold": config.vad_threshold} if config.vad_filter else None,
        )
        return list(segments)

    def _prompt_tokens(self, context: str) -> int:
        # As faster-whisper encodes it: with a space before it, and a token that opens the prompt.
        return 1 + len(self._model.hf_tokenizer.encode(" " + context.strip()).ids) if context else 0


def _device(wanted: str) -> str:
    cuda = ctranslate2.get_cuda_device_count() > 0
    if wanted == "cuda" and not cuda:
        raise ConfigError("device 'cuda': CTranslate2 finds no GPU; accepted: cpu, auto", param="device")
    return "cuda" if cuda and wanted != "cpu" else "cpu"


def _threads(config: FasterWhisperConfig) -> int:
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
