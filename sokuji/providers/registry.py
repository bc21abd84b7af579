"""The table of providers: name -> "module:Class", one table per stage; a module is imported when it is used.

CONTRIBUTING.md explains step by step how a provider is added.
"""

from importlib import import_module
from typing import Literal, overload

from sokuji.config import PROVIDER_CONFIGS, Settings
from sokuji.contract import (
    DiarizerProvider,
    RecogniserProvider,
    StageName,
    SynthesiserProvider,
    TranslatorProvider,
)
from sokuji.errors import ConfigError

PROVIDERS: dict[StageName, dict[str, str]] = {
    "stt": {
        "faster_whisper": "sokuji.providers.stt.whisper.provider:FasterWhisper",
        "openai": "sokuji.providers.stt.openai.provider:OpenAITranscription",
        "azure": "sokuji.providers.stt.azure.provider:AzureTranscription",
    },
    "translation": {
        "bergamot": "sokuji.providers.translation.bergamot:Bergamot",
        "nllb": "sokuji.providers.translation.nllb.provider:Nllb",
        "deepl": "sokuji.providers.translation.deepl.provider:DeepL",
        "openai": "sokuji.providers.translation.openai:OpenAIChat",
        "vllm": "sokuji.providers.translation.vllm.provider:Vllm",
    },
    "tts": {
        "piper": "sokuji.providers.tts.piper.provider:Piper",
        "kokoro": "sokuji.providers.tts.kokoro.provider:Kokoro",
        "pocket_tts": "sokuji.providers.tts.pocket_tts.provider:PocketTts",
        "elevenlabs": "sokuji.providers.tts.elevenlabs.provider:ElevenLabs",
        "azure": "sokuji.providers.tts.azure.provider:AzureSpeech",
    },
    "speakers": {
        "campplus": "sokuji.providers.speakers.campplus.provider:CampPlus",
    },
}

AnyProvider = RecogniserProvider | TranslatorProvider | SynthesiserProvider | DiarizerProvider


@overload
def create(stage: Literal["stt"], config: Settings) -> RecogniserProvider: ...
@overload
def create(stage: Literal["translation"], config: Settings) -> TranslatorProvider: ...
@overload
def create(stage: Literal["tts"], config: Settings) -> SynthesiserProvider: ...
@overload
def create(stage: Literal["speakers"], config: Settings) -> DiarizerProvider: ...
@overload
def create(stage: StageName, config: Settings) -> AnyProvider: ...
def create(stage: StageName, config: Settings) -> AnyProvider:
    """Construct the provider to which the settings belong; it is not loaded yet.

    Raises:
        ConfigError: there is no such provider, or its optional extra is not installed.
    """
    kinds = PROVIDER_CONFIGS[stage]
    name = next((name for name, kind in kinds.items() if isinstance(config, kind)), None)
    if name is None:
        raise ConfigError(
            f"{type(config).__name__} is not the settings class of a {stage} provider", param="provider"
        )
    module, _, class_name = PROVIDERS[stage][name].partition(":")
    try:
        provider: AnyProvider = getattr(import_module(module), class_name)(config)
    except ImportError as error:
        raise ConfigError(
            f"{stage} provider {name!r} needs a package that is not installed "
            f"({error.name}): pip install 'sokuji-bridge[{name.replace('_', '-')}]'",
            param="provider",
        ) from error
    return provider
