"""The tables of providers' settings, and how a deployment's settings are read.

To add a provider: its class beside the others of its stage, and a line here.
"""

import logging
import os
from collections.abc import Mapping, Sequence, Set
from typing import Any

from sokuji.config.settings import Settings, parse
from sokuji.config.stt import AzureTranscriptionConfig, FasterWhisperConfig, OpenAITranscriptionConfig
from sokuji.config.translation import BergamotConfig, DeepLConfig, NllbConfig, OpenAIChatConfig, VllmConfig
from sokuji.config.tts import AzureSpeechConfig, ElevenLabsConfig, KokoroConfig, PiperConfig
from sokuji.errors import ConfigError

log = logging.getLogger(__name__)

PROVIDER_CONFIGS: dict[str, dict[str, type[Settings]]] = {
    "stt": {
        "faster_whisper": FasterWhisperConfig,
        "openai": OpenAITranscriptionConfig,
        "azure": AzureTranscriptionConfig,
    },
    "translation": {
        "bergamot": BergamotConfig,
        "nllb": NllbConfig,
        "deepl": DeepLConfig,
        "openai": OpenAIChatConfig,
        "vllm": VllmConfig,
    },
    "tts": {
        "piper": PiperConfig,
        "kokoro": KokoroConfig,
        "elevenlabs": ElevenLabsConfig,
        "azure": AzureSpeechConfig,
    },
}
"""Stage -> provider -> the class of its settings."""

ENVIRONMENT: dict[str, str] = {
    "model_size": "MODEL_SIZE",
    "device": "DEVICE",
    "compute_type": "COMPUTE_TYPE",
    "beam_size": "BEAM_SIZE",
    "best_of": "BEST_OF",
    "temperature": "TEMPERATURE",
    "vad_filter": "VAD_FILTER",
    "vad_threshold": "VAD_THRESHOLD",
    "num_workers": "NUM_WORKERS",
    "batch_size": "BATCH_SIZE",
    "translation_model": "TRANSLATION_MODEL",
    "precision": "PRECISION",
    "num_beams": "NUM_BEAMS",
    "max_length": "MAX_LENGTH",
    "length_penalty": "LENGTH_PENALTY",
    "max_batch_size": "MAX_BATCH_SIZE",
    "use_onnx": "USE_ONNX",
    "onnx_providers": "ONNX_PROVIDERS",
    "tts_model": "TTS_MODEL",
    "region": "AZURE_SPEECH_REGION",
    "sample_rate": "SAMPLE_RATE",
    "audio_format": "AUDIO_FORMAT",
}
"""Field -> the tuning guide's upper-case name for it."""


def parse_provider(
    stage: str,
    values: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    beside: Sequence[str] = (),
) -> Any:
    """The settings of one provider of a stage; the guide's upper-case variables win over ``values``.

    A variable that the provider does not take is refused if it can be meant for no other deployment of the
    same environment: if only providers of this stage take it, and none of ``beside`` does. Others are noted
    in the log.

    Args:
        stage: "stt", "translation" or "tts".
        values: the settings, with ``provider``.
        environment: where the variables are looked for.
        beside: the other providers of the stage that are deployed.

    Raises:
        ConfigError: names every setting at fault and what is accepted.
    """
    kinds = PROVIDER_CONFIGS[stage]
    provider = values.get("provider", "")
    kind = kinds.get(provider)
    if kind is None:
        raise ConfigError(f"no {stage} provider {provider!r}; accepted: {', '.join(kinds)}", param="provider")
    taken = _variables(kind)
    _check_idle(stage, provider, {name for name in environment if environment[name]} - set(taken), beside)
    found = {field: environment[name] for name, field in taken.items() if environment.get(name)}
    return parse(kind, {**values, **found}, f"{stage} provider {provider}")


def served_provider(
    stage: str, provider: str, beside: Sequence[str], environment: Mapping[str, str] = os.environ
) -> str:
    """The provider of a deployment: the one that the guide's STT_PROVIDER (TRANSLATION_, TTS_) names, if any.

    Args:
        stage: "stt", "translation" or "tts".
        provider: what the deployment was made for.
        beside: the other providers of the stage that are deployed.
        environment: where the variable is looked for.

    Raises:
        ConfigError: there are others: it is not said in whose place comes the one that is named.
    """
    variable = f"{stage.upper()}_PROVIDER"
    named = environment.get(variable) or provider
    if named != provider and beside:
        raise ConfigError(
            f"{variable}={named}, but the {stage} stage has several providers, and this deployment serves "
            f"{provider!r}: name them in the application's args instead, for example {stage}: [{named}]",
            param=variable,
        )
    return named


def _variables(kind: type[Settings]) -> dict[str, str]:
    """The guide's name -> field, of those that a provider takes."""
    return {name: field for field, name in ENVIRONMENT.items() if field in kind.model_fields}


def _check_idle(stage: str, provider: str, set_names: Set[str], beside: Sequence[str]) -> None:
    by_stage = {
        each: {name for kind in kinds.values() for name in _variables(kind)}
        for each, kinds in PROVIDER_CONFIGS.items()
    }
    kinds = PROVIDER_CONFIGS[stage]
    elsewhere = set().union(*(names for each, names in by_stage.items() if each != stage))
    elsewhere |= {name for each in beside if each in kinds for name in _variables(kinds[each])}
    idle = sorted(set_names & by_stage[stage])
    if refused := [name for name in idle if name not in elsewhere]:
        accepted = ", ".join(_variables(kinds[provider])) or "none of these variables"
        raise ConfigError(
            f"{', '.join(refused)} has no effect on {stage} provider {provider!r}; accepted: {accepted}. "
            "Leave it out, or set it for the deployment that it is meant for",
            param=refused[0],
        )
    if idle:
        log.info("%s provider %s takes no %s: meant for another one", stage, provider, ", ".join(idle))
