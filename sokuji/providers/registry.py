"""The table of providers: name -> "module:Class", one table per stage; a module is imported when it is used.

CONTRIBUTING.md explains step by step how a provider is added.
"""

from importlib import import_module
from typing import Any

from sokuji.contract import StageName
from sokuji.errors import ConfigError

Stage = StageName

PROVIDERS: dict[Stage, dict[str, str]] = {
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
        "elevenlabs": "sokuji.providers.tts.elevenlabs.provider:ElevenLabs",
        "azure": "sokuji.providers.tts.azure.provider:AzureSpeech",
    },
}


def create(stage: Stage, config: Any) -> Any:
    """Construct (but not load) the provider that ``config.provider`` names.

    Raises:
        ConfigError: there is no such provider, or its optional extra is not installed.
    """
    table = PROVIDERS[stage]
    if config.provider not in table:
        raise ConfigError(
            f"no {stage} provider {config.provider!r}; accepted: {', '.join(table)}", param="provider"
        )
    module, _, name = table[config.provider].partition(":")
    try:
        return getattr(import_module(module), name)(config)
    except ImportError as error:
        raise ConfigError(
            f"{stage} provider {config.provider!r} needs a package that is not installed "
            f"({error.name}): pip install 'sokuji-bridge[{config.provider.replace('_', '-')}]'",
            param="provider",
        ) from error
