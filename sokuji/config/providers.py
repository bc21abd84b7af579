"""The tables of providers' settings, and how a deployment's settings are read.

To add a provider: its class beside the others of its stage, and a line here.
"""

import os
from collections.abc import Mapping
from typing import Any

from sokuji.config.settings import Settings, parse
from sokuji.config.stt import FasterWhisperConfig
from sokuji.config.translation import BergamotConfig
from sokuji.config.tts import KokoroConfig, PiperConfig
from sokuji.errors import ConfigError

PROVIDER_CONFIGS: dict[str, dict[str, type[Settings]]] = {
    "stt": {"faster_whisper": FasterWhisperConfig},
    "translation": {"bergamot": BergamotConfig},
    "tts": {"piper": PiperConfig, "kokoro": KokoroConfig},
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
    "tts_model": "TTS_MODEL",
}
"""Field -> the tuning guide's upper-case name for it."""


def parse_provider(stage: str, values: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Any:
    """The settings of one provider of a stage; the guide's upper-case variables win over ``values``.

    Raises:
        ConfigError: names every setting at fault and what is accepted.
    """
    kinds = PROVIDER_CONFIGS[stage]
    kind = kinds.get(values.get("provider", ""))
    if kind is None:
        raise ConfigError(
            f"no {stage} provider {values.get('provider')!r}; accepted: {', '.join(kinds)}", param="provider"
        )
    found = {
        field: environment[name]
        for field, name in ENVIRONMENT.items()
        if field in kind.model_fields and environment.get(name)
    }
    return parse(kind, {**values, **found}, f"{stage} provider {values['provider']}")
