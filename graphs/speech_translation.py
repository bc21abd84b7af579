"""The application: a Gateway in front of SpeechToText, Translation, TextToSpeech and SpeakerDiarization.


``serve run graphs.speech_translation:app`` serves the embedded default. Each entry of a stage's list in the
args becomes a deployment of its own: the first has the stage's name, to which the others append the name of
their provider (``TextToSpeechKokoro``). The Serve YAML sets resources and ``user_config`` by deployment name.
"""

from collections.abc import Sequence
from typing import cast

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from ray.serve import Application, Deployment

from deployments import runtime_env
from deployments.gateway import Gateway
from deployments.llm import LanguageModel
from deployments.routing import Strategy, router
from deployments.speakers import SpeakerDiarization
from deployments.stt import SpeechToText
from deployments.translation import Translation
from deployments.tts import TextToSpeech
from sokuji.capacity.profiles import DEFAULT_PROVIDERS, deployment_names
from sokuji.config import canonical_provider
from sokuji.contract import StageName
from sokuji.providers.registry import PROVIDERS

_PROVIDER_DEPLOYMENTS: dict[tuple[str, str], Deployment] = {("Translation", "vllm"): LanguageModel}
"""(stage, provider) -> the deployment for this provider, if it is not that of the stage."""


class GraphArgs(BaseModel):
    """The ``args`` of the application: providers of each stage, in order of preference."""

    model_config = ConfigDict(extra="forbid")

    stt: list[str] = Field(DEFAULT_PROVIDERS["stt"], min_length=1)
    translation: list[str] = Field(DEFAULT_PROVIDERS["translation"], min_length=1)
    tts: list[str] = Field(DEFAULT_PROVIDERS["tts"], min_length=1)
    speakers: list[str] = Field(DEFAULT_PROVIDERS["speakers"])
    """Tell speakers apart; none: they are not told apart."""
    load_balance_strategy: Strategy = "power_of_two"
    """How calls are distributed over the replicas of a stage (``deployments.routing``)."""
    health_check_interval: float | None = Field(None, gt=0, le=300)
    """Seconds between two health checks of a replica; None: the default of each deployment."""
    gpu_memory_gb: float | None = Field(None, gt=0, le=1_000)
    """Memory of each GPU in GB (10^9 bytes), for replicas that cannot query the card. A replica that needs
    more than its share (``num_gpus``) is refused."""

    @field_validator("stt", "translation", "tts", "speakers")
    @classmethod
    def _providers_are_known(cls, given: list[str], info: ValidationInfo) -> list[str]:
        names = [canonical_provider(str(info.field_name), name) for name in given]
        known = PROVIDERS[cast(StageName, info.field_name)]
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"no provider {', '.join(unknown)}; accepted: {', '.join(known)}")
        if len(set(names)) < len(names):
            raise ValueError("a provider is named twice")
        return names


def app(args: GraphArgs) -> Application:
    """The application for these args."""
    stages = (
        (SpeechToText, args.stt),
        (Translation, args.translation),
        (TextToSpeech, args.tts),
        (SpeakerDiarization, args.speakers),
    )
    bound = [_stage(stage, providers, args) for stage, providers in stages]
    gateway = _configured(Gateway, args).options(user_config={})
    return gateway.bind(*bound, shared_variables=runtime_env.variables())


def _deployment(decorated: object) -> Deployment:
    # A type checker takes the decorated class for the class itself.
    return cast(Deployment, decorated)


def _configured(decorated: object, args: GraphArgs) -> Deployment:
    deployment = _deployment(decorated)
    if args.health_check_interval is None:
        return deployment
    return deployment.options(health_check_period_s=args.health_check_interval)


def _stage(decorated: object, providers: Sequence[str], args: GraphArgs) -> list[Application]:
    stage = _deployment(decorated).name
    strategy = router(args.load_balance_strategy)
    return [
        _configured(_PROVIDER_DEPLOYMENTS.get((stage, provider), decorated), args)
        .options(name=name, user_config={"provider": provider}, request_router_config=strategy)
        .bind(
            provider,
            args.gpu_memory_gb,
            other_providers=[other for other in providers if other != provider],
            shared_variables=runtime_env.variables(),
        )
        for name, provider in zip(deployment_names(stage, providers), providers, strict=True)
    ]
