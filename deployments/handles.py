"""The stages as the gateway calls them: Serve handles that fulfil the Protocols of the engine.

Everything that Ray can raise becomes an error of the engine here, so that the engine does not depend on
Ray. A lost replica or a full queue is worth a retry (``ProviderUnavailable``, ``Overloaded``); a failure of
the model is not (``ProviderFailed``). An error that the stage raised for the user passes unchanged.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar, cast

from grpc import RpcError
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException
from ray.serve.handle import DeploymentHandle, DeploymentResponse, DeploymentResponseGenerator

from sokuji.contract import (
    AudioChunk,
    DiarizationRequest,
    Diarizer,
    DiarizerInfo,
    Recogniser,
    RecogniserInfo,
    RecognitionRequest,
    SpeakerTurns,
    Synthesiser,
    SynthesiserInfo,
    SynthesisRequest,
    Transcript,
    TranslatedText,
    TranslationRequest,
    Translator,
    TranslatorInfo,
)
from sokuji.errors import Overloaded, ProviderFailed, ProviderUnavailable, ReplicaLost, SokujiError

StageT = TypeVar("StageT")
ResultT = TypeVar("ResultT")
Parameters = ParamSpec("Parameters")

Handle = DeploymentHandle[object]
"""Ray types a handle by its deployment class, of which a decorated class leaves nothing to a type checker."""


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what Ray raises into a ``SokujiError``."""
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
        raise ReplicaLost(reason, retry_after_s=2) from error
    except (RayError, RayServeException, RpcError) as error:  # RpcError: if calls go by gRPC
        raise ProviderUnavailable(f"a call was lost: {type(error).__name__}", retry_after_s=1) from error


class _RemoteStage:
    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    async def _call(
        self,
        method: Callable[Concatenate[StageT, Parameters], Coroutine[object, object, ResultT]],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> ResultT:
        """Call the method of the deployment that has the name and the types of the Protocol's ``method``."""
        with engine_errors():
            remote_method: Handle = getattr(self._handle, method.__name__)
            response = cast(DeploymentResponse[ResultT], remote_method.remote(*args, **kwargs))
            try:
                return await response
            except asyncio.CancelledError:
                response.cancel()  # type: ignore[no-untyped-call]
                raise


class RemoteSpeechToText(_RemoteStage):
    """A SpeechToText deployment as a ``Recogniser``."""

    async def describe(self) -> RecogniserInfo:
        """See ``Recogniser``."""
        return await self._call(Recogniser.describe)

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """See ``Recogniser``."""
        return await self._call(Recogniser.transcribe, requests)


class RemoteTranslator(_RemoteStage):
    """A Translation deployment as a ``Translator``."""

    async def describe(self) -> TranslatorInfo:
        """See ``Translator``."""
        return await self._call(Translator.describe)

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """See ``Translator``."""
        return await self._call(Translator.translate, requests)


class RemoteTextToSpeech(_RemoteStage):
    """A TextToSpeech deployment as a ``Synthesiser``."""

    async def describe(self) -> SynthesiserInfo:
        """See ``Synthesiser``."""
        return await self._call(Synthesiser.describe)

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """See ``Synthesiser``."""
        with engine_errors():
            streaming: Handle = self._handle.options(stream=True).synthesize
            response = cast(DeploymentResponseGenerator[AudioChunk], streaming.remote(request))
            try:
                async for chunk in response:
                    yield chunk
            finally:
                response.cancel()  # type: ignore[no-untyped-call]


class RemoteDiarizer(_RemoteStage):
    """A SpeakerDiarization deployment as a ``Diarizer``."""

    async def describe(self) -> DiarizerInfo:
        """See ``Diarizer``."""
        return await self._call(Diarizer.describe)

    async def diarize(self, requests: Sequence[DiarizationRequest]) -> list[SpeakerTurns | SokujiError]:
        """See ``Diarizer``."""
        return await self._call(Diarizer.diarize, requests)
