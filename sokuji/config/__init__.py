"""Typed settings of the service; unknown settings are refused by name.

A deployment's settings are its ``user_config`` in the Serve YAML, validated by one of these classes. The
upper-case names of the tuning guide can be set as environment variables of the deployment and take precedence
(``parse_provider``, ``parse_gateway``). A change of a field marked ``LIVE`` takes effect at once in
``reconfigure()``; a change of any other field loads a second model and then replaces the first. API keys are
not settings: they are read from the environment only.
"""

from sokuji.config.access import AccessSettings, is_loopback
from sokuji.config.admission import AdmissionSettings
from sokuji.config.debug import DebugSettings
from sokuji.config.gateway import (
    Deadlines,
    GatewaySettings,
    Limits,
    ResilienceSettings,
    StreamingSettings,
)
from sokuji.config.grpc import GrpcSettings
from sokuji.config.openai import INTERPRETER, OpenAISettings
from sokuji.config.parsing import parse_gateway, parse_log_level, parse_provider, served_provider
from sokuji.config.providers import ALIASES, PROVIDER_CONFIGS, canonical_provider
from sokuji.config.proxy import (
    CALLBACK,
    PROXY_CALLBACK,
    PROXY_VARIABLES,
    ProxySettings,
    check_proxy_variables,
    parse_proxy,
)
from sokuji.config.segmentation import Endpoint, SegmentationSettings
from sokuji.config.settings import LIVE, MAX_WORKERS, Settings, changed_fields, check_live, parse
from sokuji.config.speakers import CampPlusConfig
from sokuji.config.stt import AzureTranscriptionConfig, FasterWhisperConfig, OpenAITranscriptionConfig
from sokuji.config.translation import BergamotConfig, DeepLConfig, NllbConfig, OpenAIChatConfig, VllmConfig
from sokuji.config.tts import (
    AudioFormat,
    AzureSpeechConfig,
    ElevenLabsConfig,
    ElevenLabsVoice,
    KokoroConfig,
    PiperConfig,
    PocketTtsConfig,
    VoiceSettings,
)
from sokuji.config.variables import API_KEY_VARIABLES, FIELD_VARIABLES, GATEWAY_FIELD_VARIABLES, LOG_LEVEL
from sokuji.protocol import Commit

__all__ = [
    "ALIASES",
    "API_KEY_VARIABLES",
    "CALLBACK",
    "FIELD_VARIABLES",
    "GATEWAY_FIELD_VARIABLES",
    "INTERPRETER",
    "LIVE",
    "LOG_LEVEL",
    "MAX_WORKERS",
    "PROVIDER_CONFIGS",
    "PROXY_CALLBACK",
    "PROXY_VARIABLES",
    "AccessSettings",
    "AdmissionSettings",
    "AudioFormat",
    "AzureSpeechConfig",
    "AzureTranscriptionConfig",
    "BergamotConfig",
    "CampPlusConfig",
    "Commit",
    "Deadlines",
    "DebugSettings",
    "DeepLConfig",
    "ElevenLabsConfig",
    "ElevenLabsVoice",
    "Endpoint",
    "FasterWhisperConfig",
    "GatewaySettings",
    "GrpcSettings",
    "KokoroConfig",
    "Limits",
    "NllbConfig",
    "OpenAIChatConfig",
    "OpenAISettings",
    "OpenAITranscriptionConfig",
    "PiperConfig",
    "PocketTtsConfig",
    "ProxySettings",
    "ResilienceSettings",
    "SegmentationSettings",
    "Settings",
    "StreamingSettings",
    "VllmConfig",
    "VoiceSettings",
    "canonical_provider",
    "changed_fields",
    "check_live",
    "check_proxy_variables",
    "is_loopback",
    "parse",
    "parse_gateway",
    "parse_log_level",
    "parse_provider",
    "parse_proxy",
    "served_provider",
]
