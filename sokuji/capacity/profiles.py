"""Serve configs read as what they ask of a machine: memory, shares of GPUs, keys, models to fetch.

The profiles are the configs that come with this project: ``profiles/`` and the embedded default, which is
called ``default`` here. In a wheel they lie in this package.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from sokuji.capacity.memory import GB, PROCESS, MemoryNeed, need
from sokuji.capacity.placement import Replica, check_share, gpus_for
from sokuji.config import KEYS as PROVIDER_KEYS
from sokuji.config import Settings, canonical_provider, parse_provider, served_provider
from sokuji.config.azure import AzureSettings
from sokuji.config.cloud import CloudSettings
from sokuji.contract import StageName
from sokuji.errors import ConfigError
from sokuji.models.table import EMBEDDED as EMBEDDED_MODELS
from sokuji.models.table import Kind

GRAPH = "graphs.speech_translation:app"
NAMES: dict[StageName, str] = {"stt": "SpeechToText", "translation": "Translation", "tts": "TextToSpeech"}
"""Stage -> the deployment of the provider that is preferred."""
EMBEDDED: dict[StageName, list[str]] = {
    "stt": ["faster_whisper"],
    "translation": ["bergamot"],
    "tts": ["piper", "kokoro"],
}
"""Stage -> the providers of a config that names none."""
KEYS = {provider: variable for provider, variable in PROVIDER_KEYS.items() if provider != "openai"}
"""Provider -> the variable that holds its key. Servers that speak OpenAI's protocol may do without one."""
AZURE_REGION = "AZURE_SPEECH_REGION"
RAY = GB
"""Bytes of Ray's own processes on one machine, measured."""

_PACKAGED = Path(__file__).parents[1] / "serve_configs"
_REPOSITORY = Path(__file__).parents[2]
_MODELS: dict[str, Kind] = {"model_size": "whisper", "translation_model": "nllb", "tts_model": "piper"}
"""Setting that names a model of a hub -> what sort of model."""


def deployment_names(stage: str, providers: Sequence[str]) -> list[str]:
    """The first deployment of a stage is called like it; the others have their provider's name behind."""
    camels = ("".join(part.capitalize() for part in provider.split("_")) for provider in providers[1:])
    return [stage, *(stage + camel for camel in camels)]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment, and what each of its replicas asks for."""

    name: str
    config: Settings | None
    """Of its provider; None: it is the Gateway."""
    replicas: int
    """At the start, which is also the smallest number."""
    gpus: float
    cpus: float

    @property
    def need(self) -> MemoryNeed | None:
        """Of each replica; None where that is not known."""
        return need(self.config, share=self.gpus) if self.config else MemoryNeed(gpu=0, ram=PROCESS)


@dataclass(frozen=True)
class Profile:
    """A Serve config of this project's graph."""

    name: str
    path: Path
    purpose: str
    """The first line of the file."""
    gpu_memory: int | None
    """Bytes of each GPU that it is made for; None: it says nothing of them."""
    deployments: tuple[Deployment, ...]

    @cached_property
    def replicas(self) -> list[Replica]:
        """What is placed at the start."""
        return [
            Replica(each.name, each.gpus, each.cpus)
            for each in self.deployments
            for _ in range(each.replicas)
        ]

    @property
    def gpus(self) -> int:
        """GPUs that hold all replicas at the start."""
        return gpus_for(self.replicas)

    @property
    def cores(self) -> int:
        """Cores that Ray gives to them."""
        return math.ceil(sum(each.cpus for each in self.replicas) - 1e-6)

    @property
    def ram(self) -> int:
        """Bytes of the machine's memory that they may take at most, Ray included."""
        return RAY + sum(
            each.replicas * (each.need or MemoryNeed(0, PROCESS)).ram for each in self.deployments
        )

    def check(self, gpu_memory: int | None = None) -> None:
        """Refuse it where a replica does not fit into its part of a GPU.

        Args:
            gpu_memory: bytes of the smallest GPU; None: the one that the profile is made for.

        Raises:
            ConfigError: says which deployment does not fit, and by how much.
        """
        for each in self.deployments:
            check_share(each.name, each.need, each.gpus, gpu_memory or self.gpu_memory)

    @property
    def variables(self) -> list[str]:
        """Environment variables that its providers cannot do without and that no setting replaces."""
        found: dict[str, None] = {}
        for config in self._configs:
            found |= dict.fromkeys(_variables(config))
        return list(found)

    @property
    def fetched(self) -> list[tuple[Kind, str]]:
        """Models that neither come with the packages nor are local files: a hub has to be asked for them."""
        return [model for config in self._configs for model in _hub_models(config)]

    @property
    def _configs(self) -> list[Settings]:
        return [each.config for each in self.deployments if each.config]


def _variables(config: Settings) -> Iterator[str]:
    if isinstance(config, CloudSettings):
        provider = str(getattr(config, "provider", ""))
        if provider in KEYS:
            yield KEYS[provider]
    if isinstance(config, AzureSettings) and "{region}" in config.base_url and not config.region:
        yield AZURE_REGION


def _hub_models(config: Settings) -> Iterator[tuple[Kind, str]]:
    for field, kind in _MODELS.items():
        name = getattr(config, field, None)
        embedded = any((model.kind, model.name) == (kind, name) for model in EMBEDDED_MODELS)
        if name and not embedded and not Path(name).expanduser().exists():
            yield ("nllb-onnx" if getattr(config, "use_onnx", False) else kind), name


def folder() -> Path:
    """Where the profiles lie: in the installed package, or in the repository."""
    return _PACKAGED if _PACKAGED.is_dir() else _REPOSITORY / "profiles"


def names() -> dict[str, Path]:
    """Name -> file of every profile."""
    beside = folder() / "default.yaml"
    default = beside if beside.is_file() else _REPOSITORY / "serve_config.yaml"
    return {"default": default, **{path.stem: path for path in sorted(folder().glob("*.yaml"))}}


def load(name: str) -> Profile:
    """The profile of a name, or the config at a path.

    Raises:
        ConfigError: there is none, or it is no config of this project's graph.
    """
    path = names().get(name, Path(name))
    try:
        text = path.read_text()
        content = yaml.safe_load(text)
    except OSError as error:
        known = ", ".join(names())
        raise ConfigError(f"no profile {name!r} ({error.strerror}); accepted: {known}, or a file") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from None
    found = list(applications(content))
    if len(found) != 1:
        raise ConfigError(f"{path} has {len(found)} applications of {GRAPH}; accepted: 1")
    return read(found[0], path.stem if name not in names() else name, path, _purpose(text))


def applications(content: Any) -> Iterator[Mapping[str, Any]]:
    """The applications of a Serve config that are made by this project's graph."""
    listed = content.get("applications") if isinstance(content, Mapping) else None
    for each in listed if isinstance(listed, Sequence) else ():
        if isinstance(each, Mapping) and each.get("import_path") == GRAPH:
            yield each


def _purpose(text: str) -> str:
    first = text.partition("\n")[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def read(application: Mapping[str, Any], name: str, path: Path, purpose: str = "") -> Profile:
    """An application of a Serve config.

    Raises:
        ConfigError: a provider or a setting is not known.
    """
    args = application.get("args") or {}
    options = {each["name"]: each for each in application.get("deployments") or ()}
    memory = args.get("gpu_memory_gb")
    shared = (application.get("runtime_env") or {}).get("env_vars") or {}
    deployments = [_deployment("Gateway", None, options, shared)]
    for stage, embedded in EMBEDDED.items():
        providers = [canonical_provider(stage, each) for each in args.get(stage) or embedded]
        for each, provider in zip(deployment_names(NAMES[stage], providers), providers, strict=True):
            beside = [other for other in providers if other != provider]
            deployments.append(_deployment(each, (stage, provider, beside), options, shared))
    return Profile(name, path, purpose, round(memory * GB) if memory else None, tuple(deployments))


def _deployment(
    name: str,
    serves: tuple[StageName, str, list[str]] | None,
    options: Mapping[str, Mapping[str, Any]],
    shared: Mapping[str, str],
) -> Deployment:
    own = options.get(name, {})
    actor = own.get("ray_actor_options") or {}
    variables = (actor.get("runtime_env") or {}).get("env_vars") or {}
    environment = {**os.environ, **shared, **variables}
    config = None
    if serves is not None:
        stage, made_for, beside = serves
        provider = served_provider(stage, made_for, beside, environment)
        values = {**(own.get("user_config") or {}), "provider": provider}
        config = parse_provider(stage, values, environment, beside, own=variables.keys() - shared.keys())
    scaling = own.get("autoscaling_config") or {}
    count = own.get("num_replicas")
    replicas = scaling.get("min_replicas", count if isinstance(count, int) else 1)
    return Deployment(name, config, replicas, actor.get("num_gpus", 0), actor.get("num_cpus", 1))
