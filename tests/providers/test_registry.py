"""Every registered provider class fulfils the Protocol of its stage: mypy checks the tuples below."""

from sokuji.contract import (
    DiarizerProvider,
    RecogniserProvider,
    StageName,
    SynthesiserProvider,
    TranslatorProvider,
)
from sokuji.providers.registry import PROVIDERS
from sokuji.providers.speakers.campplus.provider import CampPlus
from sokuji.providers.stt.azure.provider import AzureTranscription
from sokuji.providers.stt.openai.provider import OpenAITranscription
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.providers.translation.deepl.provider import DeepL
from sokuji.providers.translation.nllb.provider import Nllb
from sokuji.providers.translation.openai import OpenAIChat
from sokuji.providers.translation.vllm.provider import Vllm
from sokuji.providers.tts.azure.provider import AzureSpeech
from sokuji.providers.tts.elevenlabs.provider import ElevenLabs
from sokuji.providers.tts.kokoro.provider import Kokoro
from sokuji.providers.tts.piper.provider import Piper
from sokuji.providers.tts.pocket_tts.provider import PocketTts

RECOGNISERS: tuple[type[RecogniserProvider], ...] = (FasterWhisper, OpenAITranscription, AzureTranscription)
TRANSLATORS: tuple[type[TranslatorProvider], ...] = (Bergamot, Nllb, DeepL, OpenAIChat, Vllm)
SYNTHESISERS: tuple[type[SynthesiserProvider], ...] = (Piper, Kokoro, PocketTts, ElevenLabs, AzureSpeech)
DIARIZERS: tuple[type[DiarizerProvider], ...] = (CampPlus,)


def test_the_checked_classes_are_those_of_the_registry() -> None:
    checked: dict[StageName, tuple[type, ...]] = {
        "stt": RECOGNISERS,
        "translation": TRANSLATORS,
        "tts": SYNTHESISERS,
        "speakers": DIARIZERS,
    }
    paths = {
        stage: {f"{each.__module__}:{each.__name__}" for each in classes}
        for stage, classes in checked.items()
    }
    assert paths == {stage: set(table.values()) for stage, table in PROVIDERS.items()}
