"""Every setting of the service, typed; a setting that is not here is refused by name.

A deployment's settings are its ``user_config`` in the Serve YAML, validated by one of these classes. The
upper-case names of the tuning guide may be set as environment variables of the deployment and then win
(``parse_provider``). Fields marked ``LIVE`` change at once in ``reconfigure()``; a change of any other field
loads the model anew beside the old one and then swaps. Secrets never stand here: they come from the
environment alone.
"""

from sokuji.config.gateway import (
    Commit,
    Deadlines,
    GatewaySettings,
    Limits,
    SegmentationSettings,
    StreamingSettings,
)
from sokuji.config.providers import ENVIRONMENT, PROVIDER_CONFIGS, parse_provider
from sokuji.config.settings import LIVE, MOST_WORKERS, Settings, changed_fields, check_live, parse
from sokuji.config.stt import FasterWhisperConfig
from sokuji.config.translation import BergamotConfig
from sokuji.config.tts import KokoroConfig, PiperConfig

__all__ = [
    "ENVIRONMENT",
    "LIVE",
    "MOST_WORKERS",
    "PROVIDER_CONFIGS",
    "BergamotConfig",
    "Commit",
    "Deadlines",
    "FasterWhisperConfig",
    "GatewaySettings",
    "KokoroConfig",
    "Limits",
    "PiperConfig",
    "SegmentationSettings",
    "Settings",
    "StreamingSettings",
    "changed_fields",
    "check_live",
    "parse",
    "parse_provider",
]
