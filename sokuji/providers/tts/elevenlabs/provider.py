"""Text to speech with ElevenLabs, whose voices speak all languages of a model.

Written against ElevenLabs' API reference, looked up 2026-11: "Stream speech" (v1,
https://elevenlabs.io/docs/api-reference/text-to-speech/stream), "List voices" (v2,
https://elevenlabs.io/docs/api-reference/voices/search), and for the range of speeds "Controls"
(https://elevenlabs.io/docs/best-practices/prompting/controls). The key needs the permissions for text to
speech and to read voices. Status 401 means a refused key or a quota that is used up.
"""

import logging
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from sokuji import languages
from sokuji.config import ElevenLabsConfig, Settings, check_live
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest, Voice
from sokuji.errors import OUTAGES, ConfigError, ProviderUnavailable, UnsupportedLanguage, listed
from sokuji.metrics.cloud_usage import record_usage
from sokuji.providers import cloud
from sokuji.providers.tts.elevenlabs.models import MODELS
from sokuji.providers.tts.speech_stream import SpeechStream, require_audio, split_text
from sokuji.providers.tts.voice_selection import choose_voice

KEY = "ELEVENLABS_API_KEY"
SPEEDS = (0.7, 1.2)
REFRESH_S = 600.0
"""A list of voices older than this is requested again by the next check."""
PAGE_SIZE, MAX_PAGES = 100, 10
FALLBACK_VOICE = "JBFqnCBsd6RMkjVDRZzb"
"""George, a voice of every account, offered while the account's voices are not known."""

_CODES = {"tl": "fil"}
"""Language codes of the service that differ from ours."""
_ID = re.compile("[A-Za-z0-9]{1,64}")
_TAG = re.compile("<(?=[A-Za-z/])")

_log = logging.getLogger(__name__)


class ElevenLabs:
    """A ``Synthesiser`` (``sokuji.contract``) that calls ElevenLabs."""

    def __init__(self, config: ElevenLabsConfig) -> None:
        self.config = config
        self._cloud: cloud.CloudClient | None = None
        self._account: tuple[Voice, ...] = ()
        self._listed_at = float("-inf")

    async def load(self) -> None:
        """List the account's voices, which is free; if the service cannot be reached, ``check`` tries again.

        Raises:
            ConfigError: the key is not set, or the default voice is unknown.
            ProviderFailed: the key is refused.
        """
        _check_default(self.config, ())
        headers = {"xi-api-key": cloud.api_key(KEY, what="an ElevenLabs API key")}
        self._cloud = cloud.CloudClient("ElevenLabs", self.config, headers, KEY)
        try:
            await self.check()
        except OUTAGES as error:
            _log.warning("the account's voices could not be listed at start: %s", error.message)

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, or the default voice is unknown.
        """
        config = check_live(self.config, config)
        _check_default(config, self._account)
        self._ready.update(config)
        self.config = config

    async def describe(self) -> SynthesiserInfo:
        """The voices, the default voice first."""
        return SynthesiserInfo(
            provider=self.config.provider,
            model=self.config.model_id,
            voices=_offered(self.config, self._account),
            speeds=SPEEDS,
            reads_notation=MODELS[self.config.model_id].reads_notation,
        )

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Speak a text, in chunks as they arrive; raises what ``choose_voice`` and ``SpeechStream.chunks``
        raise."""
        config, service = self.config, self._ready
        model = MODELS[config.model_id]
        voice = choose_voice(request, _offered(config, self._account), SPEEDS)
        path = f"/v1/text-to-speech/{voice.id}/stream"
        params = {"output_format": f"pcm_{config.output_rate}"}

        def request_audio(text: str) -> AsyncGenerator[bytes, None]:
            record_usage("tts", "elevenlabs", "characters", len(text))
            body = _body(text, request, config)
            return service.stream(
                "POST", path, request, check_headers=require_audio("ElevenLabs"), params=params, json=body
            )

        speech = SpeechStream("ElevenLabs", config.output_rate, min(request.speed, config.speed or 1.0))
        parts = split_text(_without_markup(request.text, config.model_id), model.max_characters)
        async with aclosing(speech.chunks(parts, request_audio)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def check(self) -> None:
        """List the voices, which is free, checks the address and the key, and refreshes an old list."""
        service = self._ready
        if self.config.voices or time.monotonic() - self._listed_at < REFRESH_S:
            await service.send_json("GET", "/v2/voices", params={"page_size": 1})
            return
        self._account = await _list_voices(service)
        self._listed_at = time.monotonic()
        _check_default(self.config, self._account)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._cloud is not None:
            await self._cloud.aclose()
        self._cloud = None

    @property
    def _ready(self) -> cloud.CloudClient:
        if self._cloud is None:
            raise ProviderUnavailable("ElevenLabs is not loaded")
        return self._cloud


def _body(text: str, request: SynthesisRequest, config: ElevenLabsConfig) -> dict[str, Any]:
    body: dict[str, Any] = {"text": text, "model_id": config.model_id}
    if MODELS[config.model_id].takes_language:
        body["language_code"] = _CODES.get(request.language, request.language)
    voice_settings = {
        "stability": config.stability,
        "similarity_boost": config.similarity_boost,
        "style": config.style,
        "use_speaker_boost": config.use_speaker_boost,
        "speed": config.speed if request.speed == 1.0 else request.speed,
    }
    if configured := {name: value for name, value in voice_settings.items() if value is not None}:
        body["voice_settings"] = configured
    return body


def _without_markup(text: str, model_id: str) -> str:
    """Text in which nothing is read as markup.

    The service reads tags as pauses and phonemes; eleven_v3 reads square brackets as directions.
    """
    text = _TAG.sub("< ", text)
    return text.translate({ord("["): "(", ord("]"): ")"}) if model_id == "eleven_v3" else text


async def _list_voices(service: cloud.CloudClient) -> tuple[Voice, ...]:
    voices: list[Voice] = []
    params: dict[str, str | int] = {"page_size": PAGE_SIZE}
    for _ in range(MAX_PAGES):
        page = await service.send_json("GET", "/v2/voices", params=params)
        try:
            voices += [_voice(each) for each in page["voices"] if _ID.fullmatch(each["voice_id"])]
            if not page["has_more"]:
                break
            params["page_token"] = str(page["next_page_token"])
        except (KeyError, TypeError, AttributeError):
            raise service.malformed_response() from None
    return tuple(voices)


def _voice(entry: dict[str, Any]) -> Voice:
    """A voice of the service's list; its languages are those of the model, see ``_offered``."""
    labels = entry.get("labels") or {}
    verified = (entry.get("verified_languages") or [{}])[0]
    tag = str(verified.get("locale") or verified.get("language") or labels.get("language") or "en")
    gender = labels.get("gender")
    return Voice(
        id=entry["voice_id"],
        name=str(entry.get("name") or entry["voice_id"]),
        language=_known_tag(tag),
        languages=(),
        gender=gender if gender in ("female", "male") else None,
    )


def _known_tag(tag: str) -> str:
    """``tag``, or "en" if its language is not known."""
    try:
        languages.parse(tag, "language")
    except UnsupportedLanguage:
        return "en"
    return tag


def _offered(config: ElevenLabsConfig, account: tuple[Voice, ...]) -> tuple[Voice, ...]:
    """The voices that can be requested, the default voice first."""
    named = [
        Voice(id=each.id, name=each.name or each.id, language=each.language, languages=(), gender=each.gender)
        for each in config.voices
    ]
    fallback = Voice(id=config.default_voice or FALLBACK_VOICE, name="default", language="en", languages=())
    offered = sorted(named or account or [fallback], key=lambda voice: voice.id != config.default_voice)
    languages_of_model = MODELS[config.model_id].languages
    return tuple(
        Voice(
            id=voice.id,
            name=voice.name,
            language=voice.language,
            languages=languages_of_model,
            gender=voice.gender,
            sample_rate=config.output_rate,
        )
        for voice in offered
    )


def _check_default(config: ElevenLabsConfig, account: tuple[Voice, ...]) -> None:
    known = [voice.id for voice in config.voices] or [voice.id for voice in account]
    if config.default_voice and known and config.default_voice not in known:
        raise ConfigError(
            f"default_voice {config.default_voice!r} is not a voice of this account; accepted: "
            f"{listed(known)}",
            param="default_voice",
        )
