"""The providers of each stage, their settings classes and aliases.

To add a provider, add its settings class to the module of its stage, and a line here.
"""

import logging

from sokuji.config.settings import Settings
from sokuji.config.speakers import CampPlusConfig
from sokuji.config.stt import AzureTranscriptionConfig, FasterWhisperConfig, OpenAITranscriptionConfig
from sokuji.config.translation import BergamotConfig, DeepLConfig, NllbConfig, OpenAIChatConfig, VllmConfig
from sokuji.config.tts import (
    AzureSpeechConfig,
    ElevenLabsConfig,
    KokoroConfig,
    PiperConfig,
    PocketTtsConfig,
)

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
        "pocket_tts": PocketTtsConfig,
        "elevenlabs": ElevenLabsConfig,
        "azure": AzureSpeechConfig,
    },
    "speakers": {"campplus": CampPlusConfig},
}
"""Stage -> provider -> its settings class."""

ALIASES: dict[str, dict[str, str]] = {
    "stt": {"whisper_api": "openai", "azure_stt": "azure"},
    "translation": {"nllb_local": "nllb", "deepl_api": "deepl", "openai_gpt4": "openai"},
    "tts": {},
    "speakers": {},
}
"""Stage -> name of a provider in the original project -> provider."""

_ALIAS_NOTES = {
    "openai_gpt4": "; the model is the setting translation_model ({model} by default, which is not GPT-4)",
}


def canonical_provider(stage: str, name: str) -> str:
    """Resolve an alias to a name in ``PROVIDER_CONFIGS``, and log that.

    Names that are not aliases, unknown ones included, are returned unchanged.
    """
    provider = ALIASES[stage].get(name, name)
    if provider != name:
        log.info("%s provider %s is served by %s%s", stage, name, provider, _note(stage, name, provider))
    return provider


def _note(stage: str, alias: str, provider: str) -> str:
    fields = PROVIDER_CONFIGS[stage][provider].model_fields
    model = fields["translation_model"].default if "translation_model" in fields else ""
    return _ALIAS_NOTES.get(alias, "").format(model=model)
