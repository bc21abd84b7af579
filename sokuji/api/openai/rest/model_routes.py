"""``GET /v1/models`` and what clients ask beside it: ``/v1/audio/models``, ``/v1/audio/voices``."""

import time
from collections.abc import Iterable

from fastapi import APIRouter

from sokuji.api.dependencies import CurrentService
from sokuji.api.errors import FAILURE_RESPONSES, UNKNOWN_MODEL_RESPONSE
from sokuji.api.openai.model_ids import ModelIds, ServedModel
from sokuji.api.openai.rest.model_bodies import (
    ListedModel,
    ModelList,
    ModelVoice,
    NamedVoice,
    SpeechModels,
    VoiceNames,
)
from sokuji.api.openai.voice_names import OPENAI_VOICES
from sokuji.api.service import Service
from sokuji.contract import Voice
from sokuji.pipeline.catalogue import Catalogue

router = APIRouter(prefix="/v1", tags=["OpenAI: models"], responses=FAILURE_RESPONSES)
_STARTED_S = int(time.time())
_OWNER = "sokuji"


@router.get("/models", response_model_exclude_none=True)
async def list_models(service: CurrentService) -> ModelList:
    """The models of the service, and the ids of OpenAI's models that stand for them."""
    catalogue = service.pipeline.catalogue
    return ModelList(data=[_listed(model, catalogue) for model in _model_ids(service).models])


@router.get("/models/{model_id:path}", responses=UNKNOWN_MODEL_RESPONSE, response_model_exclude_none=True)
async def retrieve_model(model_id: str, service: CurrentService) -> ListedModel:
    """A model; also one that an alias with an asterisk stands for."""
    return _listed(_model_ids(service).find(model_id), service.pipeline.catalogue)


@router.get("/audio/models", response_model_exclude_none=True)
async def list_speech_models(service: CurrentService) -> SpeechModels:
    """The models that speak."""
    catalogue = service.pipeline.catalogue
    models = _model_ids(service).models
    return SpeechModels(models=[_listed(model, catalogue) for model in models if model.purpose == "tts"])


@router.get("/audio/voices")
async def list_voices(service: CurrentService) -> VoiceNames:
    """OpenAI's names of voices, and the voices of the service."""
    openai = [NamedVoice(id=name, name=name) for name in OPENAI_VOICES]
    return VoiceNames(voices=openai + _named(service.pipeline.catalogue.voices))


def _model_ids(service: Service) -> ModelIds:
    return ModelIds(service.pipeline.catalogue, service.settings.openai.aliases)


def _listed(model: ServedModel, catalogue: Catalogue) -> ListedModel:
    voices = None
    if model.purpose == "tts":
        members = [each for each in catalogue.tts if model.provider in (None, each.info.provider)]
        voices = [_model_voice(voice) for member in members for voice in member.info.voices]
    return ListedModel(id=model.id, created=_STARTED_S, owned_by=model.provider or _OWNER, voices=voices)


def _model_voice(voice: Voice) -> ModelVoice:
    return ModelVoice(id=voice.id, name=voice.id, language=voice.language, gender=voice.gender)


def _named(voices: Iterable[Voice]) -> list[NamedVoice]:
    return [NamedVoice(id=voice.id, name=f"{voice.name} ({voice.language})") for voice in voices]
