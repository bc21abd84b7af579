"""Text to speech with ElevenLabs: a service with voices that speak all languages of a model.

Written against ElevenLabs' API reference, looked up 2026-11: "Stream speech" (v1,
https://elevenlabs.io/docs/api-reference/text-to-speech/stream), "List voices" (v2,
https://elevenlabs.io/docs/api-reference/voices/search), and for the range of speeds "Controls"
(https://elevenlabs.io/docs/best-practices/prompting/controls). The key needs the permissions for text to
speech and to read voices. 401 stands for a key that is refused and for a quota that is used up.
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
from sokuji.providers import cloud
from sokuji.providers.tts import streamed, voices
from sokuji.providers.tts.elevenlabs.models import MODELS

KEY = "ELEVENLABS_API_KEY"
SPEEDS = (0.7, 1.2)
REFRESH_S = 600.0
"""A list of voices that is older is asked for anew with the next check."""
PAGE_SIZE, MOST_PAGES = 100, 10
STAND_IN = "JBFqnCBsd6RMkjVDRZzb"
"""George, a voice of every account: the only one that is known before the service has told its voices."""

_CODES = {"tl": "fil"}
"""Where the service's code for a language is another one."""
_ID = re.compile("[A-Za-z0-9]{1,64}")
_TAG = re.compile("<(?=[A-Za-z/])")

log = logging.getLogger(__name__)


class ElevenLabs:
    """ElevenLabs; see ``TextToSpeech`` for the contract."""

    def __init__(self, config: ElevenLabsConfig) -> None:
        self.config = config
        self._cloud: cloud.CloudClient | None = None
        self._account: tuple[Voice, ...] = ()
        self._listed_at = float("-inf")

    async def load(self) -> None:
        """Ask for the account's voices, which costs nothing; a service that is away is asked again later.

        Raises:
            ConfigError: the key is not set, or there is no such default voice.
            ProviderFailed: the key is refused.
        """
        _check_default(self.config, ())
        headers = {"xi-api-key": cloud.key(KEY, what="an ElevenLabs API key")}
        self._cloud = cloud.CloudClient("ElevenLabs", self.config, headers, KEY)
        try:
            await self.check()
        except OUTAGES as error:
            log.warning("the voices are not known yet: %s", error.message)

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, or there is no such default voice.
        """
        config = check_live(self.config, config)
        _check_default(config, self._account)
        self._ready.update(config)
        self.config = config

    async def describe(self) -> SynthesiserInfo:
        """The voices, the default one first."""
        return SynthesiserInfo(
            provider=self.config.provider,
            model=self.config.model_id,
            voices=_offered(self.config, self._account),
            speeds=SPEEDS,
        )

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Speak a text, in chunks as they come; raises what ``voices.choose`` and ``Speech.chunks`` raise."""
        config, service = self.config, self._ready
        model = MODELS[config.model_id]
        voice = voices.choose(request, _offered(config, self._account), SPEEDS)
        path = f"/v1/text-to-speech/{voice.id}/stream"
        params = {"output_format": f"pcm_{config.output_rate}"}

        def ask(text: str) -> AsyncGenerator[bytes, None]:
            look = streamed.refuse_other_than_sound("ElevenLabs")
            return service.stream("POST", path, look=look, params=params, json=_body(text, request, config))

        speech = streamed.SpeechStream(
            "ElevenLabs", config.output_rate, min(request.speed, config.speed or 1.0)
        )
        parts = streamed.portions(_without_markup(request.text, config.model_id), model.most_characters)
        async with aclosing(speech.chunks(parts, ask)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def check(self) -> None:
        """Ask for voices: the address and the key are good. It costs nothing, and renews the list of them."""
        service = self._ready
        if self.config.voices or time.monotonic() - self._listed_at < REFRESH_S:
            await service.send_json("GET", "/v2/voices", params={"page_size": 1})
            return
        self._account = await _list_voices(service)
        self._listed_at = time.monotonic()
        _check_default(self.config, self._account)

    async def aclose(self) -> None:
        """End all connections."""
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
    manner = {
        "stability": config.stability,
        "similarity_boost": config.similarity_boost,
        "style": config.style,
        "use_speaker_boost": config.use_speaker_boost,
        "speed": config.speed if request.speed == 1.0 else request.speed,
    }
    if chosen := {name: value for name, value in manner.items() if value is not None}:
        body["voice_settings"] = chosen
    return body


def _without_markup(text: str, model_id: str) -> str:
    """Words stay words: the service takes tags for pauses and phonemes, and v3 brackets for directions."""
    text = _TAG.sub("< ", text)
    return text.translate({ord("["): "(", ord("]"): ")"}) if model_id == "eleven_v3" else text


async def _list_voices(service: cloud.CloudClient) -> tuple[Voice, ...]:
    found: list[Voice] = []
    params: dict[str, str | int] = {"page_size": PAGE_SIZE}
    for _ in range(MOST_PAGES):
        page = await service.send_json("GET", "/v2/voices", params=params)
        try:
            found += [_voice(each) for each in page["voices"] if _ID.fullmatch(each["voice_id"])]
            if not page["has_more"]:
                break
            params["page_token"] = str(page["next_page_token"])
        except (KeyError, TypeError, AttributeError):
            raise service.malformed() from None
    return tuple(found)


def _voice(told: dict[str, Any]) -> Voice:
    """A voice as the service tells it; its languages are the model's, see ``_offered``."""
    labels = told.get("labels") or {}
    verified = (told.get("verified_languages") or [{}])[0]
    tag = str(verified.get("locale") or verified.get("language") or labels.get("language") or "en")
    gender = labels.get("gender")
    return Voice(
        id=told["voice_id"],
        name=str(told.get("name") or told["voice_id"]),
        language=_known(tag),
        languages=(),
        gender=gender if gender in ("female", "male") else None,
    )


def _known(tag: str) -> str:
    try:
        languages.parse(tag, "language")
    except UnsupportedLanguage:
        return "en"
    return tag


def _offered(config: ElevenLabsConfig, account: tuple[Voice, ...]) -> tuple[Voice, ...]:
    """The voices that can be asked for, the default one first."""
    named = [
        Voice(id=each.id, name=each.name or each.id, language=each.language, languages=(), gender=each.gender)
        for each in config.voices
    ]
    stand_in = Voice(id=config.default_voice or STAND_IN, name="default", language="en", languages=())
    offered = sorted(named or account or [stand_in], key=lambda voice: voice.id != config.default_voice)
    speaks = MODELS[config.model_id].languages
    return tuple(
        Voice(
            id=voice.id,
            name=voice.name,
            language=voice.language,
            languages=speaks,
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
