"""The configuration of one translation session: updates to it, and what it means for a ``Session``."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from sokuji import languages
from sokuji.api.openai.model_ids import ModelIds
from sokuji.api.openai.translations.protocol import (
    DEFAULT_MODEL,
    SAMPLE_RATE,
    AudioSettings,
    InputSettings,
    OutputSettings,
    SessionSettings,
    merged,
)
from sokuji.api.openai.voice_names import OPENAI_VOICES, voice_id
from sokuji.api.openai.wire import JSONObject
from sokuji.audio.noise_suppression import NoiseSuppression
from sokuji.config import OpenAISettings
from sokuji.contract import StageName
from sokuji.errors import InvalidRequest, SokujiError
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.session.conversation import ConversationSettings
from sokuji.text.glossary import check as check_glossary

_OUTPUT, _INPUT = "session.audio.output", "session.audio.input"
PARAMS = {
    "target_language": f"{_OUTPUT}.language",
    "target_languages": f"{_OUTPUT}.languages",
    "voice_id": f"{_OUTPUT}.voice",
    "speed": f"{_OUTPUT}.speed",
    "glossary": f"{_OUTPUT}.glossary",
    "source_language": f"{_INPUT}.language",
    "data": "audio",
}
"""Field at fault, as a session names it -> as this protocol does."""


@contextmanager
def own_params() -> Iterator[None]:
    """Name the field at fault as this protocol does."""
    try:
        yield
    except SokujiError as error:
        error.param = PARAMS.get(error.param or "", error.param)
        raise


class TranslationConfiguration:
    """Immutable: an update that is refused leaves the one in force.

    Args:
        model: cannot be changed.
        settings: the fields of ``SessionSettings`` that are set, as they came; they have been validated.
    """

    def __init__(self, model: str, settings: JSONObject) -> None:
        self.model = model
        self._settings = settings
        audio = SessionSettings.model_validate(settings).audio or AudioSettings()
        self.input, self.output = audio.input or InputSettings(), audio.output or OutputSettings()

    @classmethod
    def initial(cls, model: str | None, secret: JSONObject | None) -> Self:
        """How a session begins.

        Args:
            model: as the URL has it.
            secret: the session of the client secret, if the client shows one.

        Raises:
            InvalidRequest: the client secret is for another model.
        """
        if secret is None:
            return cls(model or DEFAULT_MODEL, {})
        if model not in (None, secret["model"]):
            raise InvalidRequest(
                f"the client secret is for the model {secret['model']!r}; accepted: that one", param="model"
            )
        return cls(secret["model"], {name: secret[name] for name in ("audio",) if name in secret})

    def updated(self, changes: SessionSettings) -> Self:
        """The configuration after an update.

        Raises:
            InvalidRequest: another model.
        """
        if "model" in changes.model_fields_set and changes.model != self.model:
            raise InvalidRequest(
                f"session.model cannot be changed; accepted: {self.model!r}", param="session.model"
            )
        if "type" in changes.model_fields_set and changes.type is None:
            raise InvalidRequest(
                "session.type cannot be changed; accepted: translation", param="session.type"
            )
        patch = changes.model_dump(exclude_unset=True, include={"audio"})
        return type(self)(self.model, merged(self._settings, patch))

    def targets(self, settings: OpenAISettings) -> tuple[str, ...]:
        """The languages to translate to, each once.

        Raises:
            UnsupportedLanguage: an unknown language tag.
        """
        output = self.output
        one = [languages.parse(output.language, PARAMS["target_language"])] if output.language else []
        more = [languages.parse(tag, PARAMS["target_languages"]) for tag in output.languages or ()]
        return tuple(dict.fromkeys(one + more)) or (settings.target_language,)

    def providers(self, ids: ModelIds, param: str = "model") -> Mapping[StageName, str]:
        """The providers to call first.

        Args:
            param: the field of the model, for errors.

        Raises:
            UnknownModel, InvalidRequest: as ``ModelIds.providers``, for either model.
        """
        chosen = dict(ids.providers(self.model, "interpreter", param=param))
        if transcription := self.input.transcription:
            param = f"{_INPUT}.transcription.model"
            chosen |= ids.providers(transcription.model, "stt", param=param)
        return chosen

    def conversation(
        self, catalogue: Catalogue, settings: OpenAISettings, *, one_voice: bool = False
    ) -> ConversationSettings:
        """The settings of the session.

        Args:
            one_voice: whether the client can hear one voice only.

        Raises:
            UnsupportedLanguage, UnknownVoice, InvalidRequest: a value that is not accepted.
        """
        heard, spoken = self.input, self.output
        check_glossary(spoken.glossary or {})
        targets = self.targets(settings)
        if one_voice and len(targets) > 1:
            raise InvalidRequest(
                f"a call has one voice; accepted: one language (got {', '.join(targets)})",
                param=PARAMS["target_languages"],
            )
        source = languages.parse_source(heard.language or languages.AUTO, PARAMS["source_language"])
        noise = heard.noise_reduction
        return ConversationSettings(
            source_language=source,
            target_languages=targets,
            voice_id=self._voice(catalogue, targets[0]),
            input_sample_rate=SAMPLE_RATE,
            noise_suppression=NoiseSuppression(noise.type, noise.strength) if noise else None,
            output_sample_rate=SAMPLE_RATE,
            speed=spoken.speed or 1.0,
            glossary=spoken.glossary or {},
            echo=bool(spoken.echo),
            partials=heard.transcription is not None,
            partial_translations=heard.transcription is not None,
        )

    def _voice(self, catalogue: Catalogue, language: str) -> str:
        name = self.output.voice or DEFAULT_VOICE
        is_openai = name in OPENAI_VOICES
        return voice_id(catalogue, name, language, param=PARAMS["voice_id"]) if is_openai else name

    def session(self, session_id: str, expires_at: int, settings: OpenAISettings) -> JSONObject:
        """The ``session`` object of events and responses; extensions where the client has set them."""
        heard, spoken = self.input, self.output
        audio = self._settings.get("audio", {})
        shown: JSONObject = {
            "transcription": heard.transcription.model_dump() if heard.transcription else None,
            "noise_reduction": heard.noise_reduction.model_dump() if heard.noise_reduction else None,
        }
        language = spoken.language or (spoken.languages or [settings.target_language])[0]
        return {
            "id": session_id,
            "type": "translation",
            "model": self.model,
            "expires_at": expires_at,
            "audio": {
                "input": audio.get("input", {}) | shown,
                "output": audio.get("output", {}) | {"language": language},
            },
        }
