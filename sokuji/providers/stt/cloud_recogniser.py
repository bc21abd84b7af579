"""Base class of the recognisers that call a service: life cycle, request checks and batches.

Each utterance is one request to the service; at most ``max_concurrency`` requests run at the same time.
Subclasses build the requests and read the responses.
"""

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.config import Settings, check_live
from sokuji.config.cloud import CloudSettings
from sokuji.contract import RecogniserInfo, RecognitionRequest, Transcript
from sokuji.errors import (
    OUTAGES,
    InvalidAudio,
    NotSupported,
    ProviderUnavailable,
    SokujiError,
    UnsupportedLanguage,
    listed,
)
from sokuji.metrics.cloud_usage import record_usage
from sokuji.providers.cloud import CloudClient
from sokuji.providers.isolation import process_each
from sokuji.providers.stt.language_evidence import posterior, speech_seconds

C = TypeVar("C", bound=CloudSettings)

_MAX_CANDIDATES = 10
"""Most languages of which services choose one ("language identification", Azure Speech)."""
_DETECTION_ACCURACY = 0.99
"""Share of sentences whose language a service detects."""

_log = logging.getLogger(__name__)


class CloudRecogniser(ABC, Generic[C]):
    """A ``Recogniser`` (``sokuji.contract``) that calls a service.

    Where the service detects an improbable language (``probable_language``), the utterance is recognised a
    second time, in the probable one.
    """

    config: C

    def __init__(self, config: C) -> None:
        self._cloud: CloudClient | None = None
        self._apply(config)

    async def load(self) -> None:
        """Send a request that is free of charge, so that a refused key is noticed at once.

        An unreachable service is logged and not an error.

        Raises:
            ConfigError: the key is not set, or a setting is missing.
            ProviderFailed: the service refuses the key.
        """
        cloud = self._connect()
        try:
            await self._ping(cloud)
        except OUTAGES as error:
            _log.warning("the recognition service could not be checked at start: %s", error)
        except BaseException:
            await cloud.aclose()
            raise
        self._cloud = cloud

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, or the model does not support a value.
        """
        config = check_live(self.config, config)
        self._apply(config)
        if self._cloud is not None:
            self._cloud.update(config)

    async def check(self) -> None:
        """Send a request that is free of charge; raises its error if the service or the key fails."""
        await self._ping(self._ready())

    async def aclose(self) -> None:
        """Close all connections."""
        cloud, self._cloud = self._cloud, None
        if cloud is not None:
            await cloud.aclose()

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """One result for each request, in the same order."""
        return await process_each("recognition", requests, self._transcribe_one)

    @abstractmethod
    async def describe(self) -> RecogniserInfo:
        """What the recogniser can do; sends no request."""

    @abstractmethod
    def _connect(self) -> CloudClient:
        """A client of the service, with its key."""

    @abstractmethod
    async def _ping(self, cloud: CloudClient) -> None:
        """Send the cheapest request that needs the key."""

    @abstractmethod
    async def _recognise(self, cloud: CloudClient, request: RecognitionRequest) -> Transcript:
        """Recognise one utterance; the request asks for nothing that ``describe`` does not offer."""

    def _apply(self, config: C) -> None:
        """Take over the settings; raise ConfigError and change nothing if they contradict each other."""
        self.config = config

    def _ready(self) -> CloudClient:
        if self._cloud is None:
            raise ProviderUnavailable("the recogniser is not loaded")
        return self._cloud

    async def _transcribe_one(self, request: RecognitionRequest) -> Transcript:
        cloud = self._ready()
        _check_request(request, await self.describe())
        transcript = await self._counted(cloud, request)
        language = probable_language(transcript.language, request) if transcript.text else ""
        if language == transcript.language:
            return transcript
        return await self._counted(cloud, replace(request, language=language))

    async def _counted(self, cloud: CloudClient, request: RecognitionRequest) -> Transcript:
        transcript = await self._recognise(cloud, request)
        provider = (await self.describe()).provider
        record_usage("stt", provider, "audio_seconds", len(request.pcm) / 2 / RECOGNISER_RATE)
        return transcript


def candidate_languages(request: RecognitionRequest) -> list[str]:
    """The candidates of detection, the most probable first, for services that take them as a list.

    They are none if the request has too many: the service then has a list of its own.
    """
    prior = request.language_prior
    return sorted(prior, key=lambda code: -prior[code]) if len(prior) <= _MAX_CANDIDATES else []


def probable_language(detected: str, request: RecognitionRequest) -> str:
    """The language that was most probably spoken, where a service has detected one.

    Services report no probability: one is assumed, and weighed against the prior of the request.
    """
    prior = request.language_prior
    if request.language is not None or request.interim or not prior or list(prior) == [detected]:
        return detected
    others = (1 - _DETECTION_ACCURACY) / max(1, len(prior) - 1)
    reported = dict.fromkeys(prior, others) | {detected: _DETECTION_ACCURACY}
    samples = np.frombuffer(request.pcm, "<i2").astype(np.float32)
    probabilities = posterior(reported, prior, speech_seconds(samples))
    return max(probabilities, key=lambda code: probabilities[code])


def context_terms(context: str) -> list[str]:
    """The names and words of a request's context, for services that take them as a list.

    Clients separate them by commas, semicolons or line breaks. Angle brackets separate too, because OpenAI
    refuses them.
    """
    return [term.strip() for term in re.split(r"[,;<>\r\n]", context) if term.strip()]


def _check_request(request: RecognitionRequest, info: RecogniserInfo) -> None:
    if not request.pcm or len(request.pcm) % 2:
        raise InvalidAudio("the audio is empty or ends within a sample", param="pcm")
    if request.language is not None and request.language not in info.languages:
        raise UnsupportedLanguage(
            f"{request.language!r} is not recognised here; accepted: {listed(info.languages)}",
            param="language",
        )
    for param, requested, supported in (
        ("task", request.task == "translate", info.translates_to),
        ("context", request.context, info.takes_context),
        ("word_times", request.word_times, info.gives_word_times),
    ):
        if requested and not supported:
            raise NotSupported(f"{info.model} does not support {param}; leave it out", param=param)
