"""Reads Serve configs for what they need of a machine: memory, GPU shares, keys, models to fetch.

The profiles are the configs that come with this project: ``profiles/`` and the embedded default, named
``default``. A wheel has them in ``sokuji/serve_configs``.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from sokuji.capacity.memory import GB, PROCESS_BYTES, MemoryNeed, estimate
from sokuji.capacity.placement import Replica, check_share, gpus_needed
from sokuji.config import (
    API_KEY_VARIABLES,
    GatewaySettings,
    Settings,
    canonical_provider,
    parse_gateway,
    parse_provider,
    served_provider,
)
from sokuji.config.azure import AzureSettings
from sokuji.config.cloud import CloudSettings
from sokuji.contract import StageName
from sokuji.errors import ConfigError
from sokuji.models.table import EMBEDDED as EMBEDDED_MODELS
from sokuji.models.table import Kind

GRAPH = "graphs.speech_translation:app"
STAGE_DEPLOYMENTS: dict[StageName, str] = {
    "stt": "SpeechToText",
    "translation": "Translation",
    "tts": "TextToSpeech",
    "speakers": "SpeakerDiarization",
}
"""Stage -> the deployment of its preferred provider."""
DEFAULT_PROVIDERS: dict[StageName, list[str]] = {
    "stt": ["faster_whisper"],
    "translation": ["bergamot"],
    "tts": ["piper", "kokoro"],
    "speakers": [],
}
"""Stage -> the providers that serve it if the config names none; none: the stage is left out."""
GATEWAY = "Gateway"
KEY_VARIABLES = {name: variable for name, variable in API_KEY_VARIABLES.items() if name != "openai"}
"""Provider -> the variable that holds its key. A server with OpenAI's protocol may need none."""
AZURE_REGION = "AZURE_SPEECH_REGION"
RAY_BYTES = GB
"""Bytes of Ray's own processes on one machine, measured."""

_PACKAGED = Path(__file__).parents[1] / "serve_configs"
_REPOSITORY = Path(__file__).parents[2]
_MODEL_SETTINGS: dict[str, tuple[str, Kind]] = {
    "faster_whisper": ("model_size", "whisper"),
    "nllb": ("translation_model", "nllb"),
    "piper": ("tts_model", "piper"),
    "pocket_tts": ("tts_model", "pocket-tts"),
}
"""Provider -> its setting that names a model of a hub, and the kind of the model."""


def deployment_names(stage: str, providers: Sequence[str]) -> list[str]:
    """The name of a stage for its first deployment; for the others, that name and their provider's."""
    camels = ("".join(part.capitalize() for part in provider.split("_")) for provider in providers[1:])
    return [stage, *(stage + camel for camel in camels)][: len(providers)]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment, and the resources of each of its replicas."""

    name: str
    config: Settings | None
    """Of its provider; None: it is the Gateway."""
    replicas: int
    """At the start, which is also the smallest number."""
    gpus: float
    cpus: float

    @property
    def memory_need(self) -> MemoryNeed | None:
        """Of each replica; None if it is not known."""
        return estimate(self.config, share=self.gpus) if self.config else MemoryNeed(gpu=0, ram=PROCESS_BYTES)


@dataclass(frozen=True)
class Profile:
    """A Serve config of this project's graph."""

    name: str
    path: Path
    purpose: str
    """The first line of the file."""
    gpu_memory: int | None
    """Bytes of each GPU that the config is made for; None: the config does not say."""
    deployments: tuple[Deployment, ...]

    @cached_property
    def replicas(self) -> list[Replica]:
        """The replicas that Ray places at the start."""
        return [
            Replica(each.name, each.gpus, each.cpus)
            for each in self.deployments
            for _ in range(each.replicas)
        ]

    @property
    def gpus(self) -> int:
        """GPUs that hold all replicas at the start."""
        return gpus_needed(self.replicas)

    @property
    def cores(self) -> int:
        """CPU cores that Ray reserves for the replicas."""
        return math.ceil(sum(each.cpus for each in self.replicas) - 1e-6)

    @property
    def ram(self) -> int:
        """Upper bound of the machine's memory that the replicas and Ray take, in bytes."""
        return RAY_BYTES + sum(
            each.replicas * (each.memory_need or MemoryNeed(0, PROCESS_BYTES)).ram
            for each in self.deployments
        )

    def check(self, gpu_memory: int | None = None) -> None:
        """Refuse the profile if a replica does not fit into its share of a GPU.

        Args:
            gpu_memory: bytes of the smallest GPU; None: of the GPU that the profile is made for.

        Raises:
            ConfigError: the message says which deployment does not fit, and by how much.
        """
        for each in self.deployments:
            check_share(each.name, each.memory_need, each.gpus, gpu_memory or self.gpu_memory)

    @property
    def variables(self) -> list[str]:
        """Environment variables that its providers require and that no setting replaces."""
        return list(dict.fromkeys(name for config in self._configs for name in _variables(config)))

    @property
    def hub_models(self) -> list[tuple[Kind, str]]:
        """Models that are fetched from a hub: neither embedded nor local files."""
        return [model for config in self._configs for model in _hub_models(config)]

    @property
    def _configs(self) -> list[Settings]:
        return [each.config for each in self.deployments if each.config]


def _variables(config: Settings) -> Iterator[str]:
    if isinstance(config, CloudSettings):
        provider = str(getattr(config, "provider", ""))
        if provider in KEY_VARIABLES:
            yield KEY_VARIABLES[provider]
    if isinstance(config, AzureSettings) and "{region}" in config.base_url and not config.region:
        yield AZURE_REGION


def _hub_models(config: Settings) -> Iterator[tuple[Kind, str]]:
    if setting := _MODEL_SETTINGS.get(getattr(config, "provider", "")):
        name, kind = getattr(config, setting[0]), setting[1]
        embedded = any((model.kind, model.name) == (kind, name) for model in EMBEDDED_MODELS)
        if not embedded and not Path(name).expanduser().exists():
            yield ("nllb-onnx" if getattr(config, "use_onnx", False) else kind), name


def profile_folder() -> Path:
    """The folder of the profiles, in the installed package or in the repository."""
    return _PACKAGED if _PACKAGED.is_dir() else _REPOSITORY / "profiles"


def profile_paths() -> dict[str, Path]:
    """Name -> file of every profile."""
    packaged = profile_folder() / "default.yaml"
    default = packaged if packaged.is_file() else _REPOSITORY / "serve_config.yaml"
    return {"default": default, **{path.stem: path for path in sorted(profile_folder().glob("*.yaml"))}}


def load_profile(name: str) -> Profile:
    """The profile of a name, or the config at a path.

    Raises:
        ConfigError: there is no such profile or file, or it is no config of this project's graph.
    """
    path = profile_paths().get(name, Path(name))
    try:
        text = path.read_text()
        content = yaml.safe_load(text)
    except OSError as error:
        known = ", ".join(profile_paths())
        raise ConfigError(f"no profile {name!r} ({error.strerror}); accepted: {known}, or a file") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from None
    listed = list(applications(content))
    if len(listed) != 1:
        raise ConfigError(f"{path} has {len(listed)} applications of {GRAPH}; accepted: 1")
    return read_application(listed[0], name if name in profile_paths() else path.stem, path, _purpose(text))


def applications(content: Any) -> Iterator[Mapping[str, Any]]:
    """The applications of a Serve config that are built by this project's graph."""
    listed = content.get("applications") if isinstance(content, Mapping) else None
    for each in listed if isinstance(listed, Sequence) else ():
        if isinstance(each, Mapping) and each.get("import_path") == GRAPH:
            yield each


def _purpose(text: str) -> str:
    first = text.partition("\n")[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def read_application(application: Mapping[str, Any], name: str, path: Path, purpose: str = "") -> Profile:
    """The profile that an application of a Serve config describes.

    Raises:
        ConfigError: a provider or a setting is not known.
    """
    args = application.get("args") or {}
    options = {each["name"]: each for each in application.get("deployments") or ()}
    memory = args.get("gpu_memory_gb")
    shared = _variables_of(application)
    deployments = [_deployment(GATEWAY, None, options, shared)]
    for stage, default in DEFAULT_PROVIDERS.items():
        providers = [canonical_provider(stage, each) for each in args.get(stage) or default]
        for each, provider in zip(
            deployment_names(STAGE_DEPLOYMENTS[stage], providers), providers, strict=True
        ):
            other_providers = [other for other in providers if other != provider]
            deployments.append(_deployment(each, (stage, provider, other_providers), options, shared))
    return Profile(name, path, purpose, round(memory * GB) if memory else None, tuple(deployments))


def gateway_settings(
    application: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> GatewaySettings:
    """The settings of the Gateway in an application of a Serve config.

    Args:
        environment: of Ray's processes.

    Raises:
        ConfigError: a setting is not accepted, or a variable has no effect.
    """
    options = {each["name"]: each for each in application.get("deployments") or ()}
    own, shared = options.get(GATEWAY, {}), _variables_of(application)
    variables = _variables_of(own.get("ray_actor_options") or {})
    return parse_gateway(
        own.get("user_config") or {},
        {**environment, **shared, **variables},
        deployment_variables=variables.keys() - shared.keys(),
    )


def _variables_of(owner: Mapping[str, Any]) -> Mapping[str, str]:
    """The variables that an application, or the options of an actor, sets for its processes."""
    variables: Mapping[str, str] = (owner.get("runtime_env") or {}).get("env_vars") or {}
    return variables


def _deployment(
    name: str,
    serves: tuple[StageName, str, list[str]] | None,
    options: Mapping[str, Mapping[str, Any]],
    shared: Mapping[str, str],
) -> Deployment:
    own = options.get(name, {})
    actor = own.get("ray_actor_options") or {}
    variables = _variables_of(actor)
    environment = {**os.environ, **shared, **variables}
    config = None
    if serves is not None:
        stage, configured, other_providers = serves
        provider = served_provider(stage, configured, other_providers, environment)
        values = {**(own.get("user_config") or {}), "provider": provider}
        config = parse_provider(
            stage, values, environment, other_providers, deployment_variables=variables.keys() - shared.keys()
        )
    scaling = own.get("autoscaling_config") or {}
    count = own.get("num_replicas")
    replicas = scaling.get("min_replicas", count if isinstance(count, int) else 1)
    return Deployment(name, config, replicas, actor.get("num_gpus", 0), actor.get("num_cpus", 1))
