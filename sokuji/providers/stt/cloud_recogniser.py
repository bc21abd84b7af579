"""What the recognisers that call a service share: their life, and the answers of batches.

A service is sent one utterance a request, as many at the same time as ``max_concurrency`` says. How a request
looks and what its answer means is the business of each file beside this one.
"""

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

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
from sokuji.providers.cloud import CloudClient
from sokuji.providers.isolation import answers

C = TypeVar("C", bound=CloudSettings)

_log = logging.getLogger(__name__)


class CloudRecogniser(ABC, Generic[C]):
    """A recogniser in the network; see ``SpeechToText`` for the contract."""

    config: C

    def __init__(self, config: C) -> None:
        self._cloud: CloudClient | None = None
        self._take(config)

    async def load(self) -> None:
        """Ask the service what costs nothing, so that a key that it refuses is found now.

        Raises:
            ConfigError: the key is not set, or a setting is missing.
            ProviderFailed: the service refuses the key. One that cannot be reached is no error.
        """
        cloud = self._connect()
        try:
            await self._ask(cloud)
        except OUTAGES as error:
            _log.warning("recognition begins without its service: %s", error)
        except BaseException:
            await cloud.aclose()
            raise
        self._cloud = cloud

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, or the model does not know one.
        """
        config = check_live(self.config, config)
        self._take(config)
        if self._cloud is not None:
            self._cloud.update(config)

    async def check(self) -> None:
        """Ask the service what costs nothing: it is there and takes the key. Raises what that raises."""
        await self._ask(self._ready())

    async def aclose(self) -> None:
        """End all connections."""
        cloud, self._cloud = self._cloud, None
        if cloud is not None:
            await cloud.aclose()

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """One answer for each request, in the same order."""
        return await answers("recognition", requests, self._answer)

    @abstractmethod
    async def describe(self) -> RecogniserInfo:
        """What it can do; asks nobody."""

    @abstractmethod
    def _connect(self) -> CloudClient:
        """The service, with its key."""

    @abstractmethod
    async def _ask(self, cloud: CloudClient) -> None:
        """The cheapest request that needs the key."""

    @abstractmethod
    async def _recognise(self, cloud: CloudClient, request: RecognitionRequest) -> Transcript:
        """The answer to one request that ``describe`` promises."""

    def _take(self, config: C) -> None:
        """Make these the settings; where they contradict each other raise ConfigError and change nothing."""
        self.config = config

    def _ready(self) -> CloudClient:
        if self._cloud is None:
            raise ProviderUnavailable("the recogniser is not loaded")
        return self._cloud

    async def _answer(self, request: RecognitionRequest) -> Transcript:
        cloud = self._ready()
        _accept(request, await self.describe())
        return await self._recognise(cloud, request)


def terms(context: str) -> list[str]:
    """The names and words of a request's context, for services that want them one by one.

    A client parts them with commas, semicolons or lines. OpenAI refuses angle brackets in them.
    """
    return [term.strip() for term in re.split(r"[,;<>\r\n]", context) if term.strip()]


def _accept(request: RecognitionRequest, info: RecogniserInfo) -> None:
    if not request.pcm or len(request.pcm) % 2:
        raise InvalidAudio("the audio is empty or ends within a sample", param="pcm")
    if request.language is not None and request.language not in info.languages:
        raise UnsupportedLanguage(
            f"{request.language!r} is not recognised here; accepted: {listed(info.languages)}",
            param="language",
        )
    for param, wanted, can in (
        ("task", request.task == "translate", info.translates_to),
        ("context", request.context, info.takes_context),
        ("prefix", request.prefix, info.takes_prefix),
        ("word_times", request.word_times, info.gives_word_times),
    ):
        if wanted and not can:
            raise NotSupported(f"{info.model} knows no {param}; leave it out", param=param)
