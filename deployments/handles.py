"""The three stages as the gateway sees them: Serve handles behind the engine's Protocols.

All that Ray can raise is translated here into the engine's own errors, so that nothing behind this file has
to know of Ray: a lost replica or a full queue is worth another try (``ProviderUnavailable``), a failure of
the model is not (``ProviderFailed``), and an error that the stage itself meant for the user passes as it is.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from grpc import RpcError
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException
from ray.serve.handle import DeploymentHandle

from sokuji.contract import (
    AudioChunk,
    RecogniserInfo,
    RecognitionRequest,
    SynthesiserInfo,
    SynthesisRequest,
    Transcript,
    TranslatedText,
    TranslationRequest,
    TranslatorInfo,
)
from sokuji.errors import Overloaded, ProviderFailed, ProviderUnavailable, SokujiError


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what Ray raises into ``SokujiError``."""
    try:
        yield
    except RayTaskError as error:
        if isinstance(error.cause, SokujiError):
            raise error.cause from None
        raise ProviderFailed(f"a stage failed: {type(error.cause).__name__}") from error
    except BackPressureError as error:
        raise Overloaded("a stage has more calls waiting than it may", retry_after_s=2) from error
    except (RayActorError, DeploymentUnavailableError) as error:
        reason = f"a stage is not reachable: {type(error).__name__}"
        raise ProviderUnavailable(reason, retry_after_s=2) from error
    except (RayError, RayServeException, RpcError) as error:  # RpcError: where calls go by gRPC
        raise ProviderUnavailable(f"a call was lost: {type(error).__name__}", retry_after_s=1) from error


class _Remote:
    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._handle = handle

    async def _call(self, method: str, *args: Any) -> Any:
        with translated_errors():
            response = getattr(self._handle, method).remote(*args)
            try:
                return await response
            except asyncio.CancelledError:
                response.cancel()
                raise


class RemoteSpeechToText(_Remote):
    """A SpeechToText deployment."""

    async def describe(self) -> RecogniserInfo:
        """See ``SpeechToText``."""
        info: RecogniserInfo = await self._call("describe")
        return info

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """See ``SpeechToText``."""
        answers: list[Transcript | SokujiError] = await self._call("transcribe", list(requests))
        return answers


class RemoteTranslator(_Remote):
    """A Translation deployment."""

    async def describe(self) -> TranslatorInfo:
        """See ``Translator``."""
        info: TranslatorInfo = await self._call("describe")
        return info

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """See ``Translator``."""
        answers: list[TranslatedText | SokujiError] = await self._call("translate", list(requests))
        return answers


class RemoteTextToSpeech(_Remote):
    """A TextToSpeech deployment."""

    async def describe(self) -> SynthesiserInfo:
        """See ``TextToSpeech``."""
        info: SynthesiserInfo = await self._call("describe")
        return info

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """See ``TextToSpeech``."""
        with translated_errors():
            # Ray's types do not tell a streaming handle from another.
            response: Any = self._handle.options(stream=True).synthesize.remote(request)
            try:
                async for chunk in response:
                    yield chunk
            finally:
                response.cancel()
