"""Speech to text with Azure Speech: fast transcription, one REST call for each utterance.

Written against "Speech to text REST API", Transcriptions - Transcribe, api-version 2025-10-15
(https://learn.microsoft.com/rest/api/speechtotext), and "Use the fast transcription API"
(https://learn.microsoft.com/azure/ai-services/speech-service/fast-transcription-create), looked up 2026-11.

Streaming is not used: the messages of the service's WebSocket are documented only for Bing Speech, which
ended in January 2020, and an utterance is complete when it reaches a provider, so that nothing could be sent
earlier. The REST API "for short audio" is not used: it detects no language, takes no phrase list and gives
no word times, and its documentation recommends fast transcription.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.config import AzureTranscriptionConfig
from sokuji.contract import RecogniserInfo, RecognitionRequest, Transcript, TranscriptSegment, Word
from sokuji.errors import ConfigError, ProviderFailed, UnsupportedLanguage
from sokuji.languages import LANGUAGES, parse
from sokuji.providers import azure_speech
from sokuji.providers.cloud import CloudClient
from sokuji.providers.stt.azure.locales import LOCALES
from sokuji.providers.stt.cloud_recogniser import CloudRecogniser, candidate_languages, context_terms
from sokuji.providers.stt.cloud_transcript import weighted_mean, words_with_punctuation
from sokuji.providers.stt.text_cleanup import normalise_spaces

_VERSION = {"api-version": "2025-10-15"}
_PROFANITY = {"raw": "None", "masked": "Masked", "removed": "Removed"}
_MAX_PHRASES = 500
"""Recommended limit for a phrase list ("Improve recognition accuracy with phrase list")."""

Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]


class _TimedText(BaseModel):
    text: str
    begin_ms: Milliseconds = Field(alias="offsetMilliseconds")
    length_ms: Milliseconds = Field(alias="durationMilliseconds")

    @property
    def times_ms(self) -> tuple[int, int]:
        """Start and end."""
        return self.begin_ms, self.begin_ms + self.length_ms


class _Phrase(_TimedText):
    words: tuple[_TimedText, ...] = ()
    locale: str | None = None
    confidence: float | None = Field(None, ge=0, le=1)


class _ChannelText(BaseModel):
    text: str


class _TranscribeResponse(BaseModel):
    channels: tuple[_ChannelText, ...] = Field(alias="combinedPhrases")
    phrases: tuple[_Phrase, ...]


class AzureTranscription(CloudRecogniser[AzureTranscriptionConfig]):
    """Recognition with an Azure Speech resource."""

    _locales: Mapping[str, str]

    async def describe(self) -> RecogniserInfo:
        """The languages of the documentation and of the setting ``locales``."""
        return RecogniserInfo(
            provider=self.config.provider,
            model="fast-transcription",
            languages=tuple(self._locales),
            takes_context=True,
            gives_word_times=True,
        )

    def _apply(self, config: AzureTranscriptionConfig) -> None:
        locales = dict(sorted({**LOCALES, **config.locales}.items()))
        for setting, codes, known in (
            ("locales", config.locales, LANGUAGES),
            ("candidates", config.candidates, locales),
        ):
            unknown = [code for code in codes if code not in known]
            if unknown:
                raise ConfigError(
                    f"{setting}: {', '.join(unknown)} not known; accepted: {', '.join(known)}", param=setting
                )
        self._locales = locales
        super()._apply(config)

    def _connect(self) -> CloudClient:
        settings = self.config.model_copy(update={"base_url": azure_speech.base_url(self.config)})
        headers = {azure_speech.KEY_HEADER: azure_speech.api_key()}
        reasons = {404: "the region has no fast transcription, or the address is wrong"}
        return CloudClient("Azure Speech", settings, headers, azure_speech.KEY, reasons)

    async def _ping(self, cloud: CloudClient) -> None:
        """List the supported locales, which is free: "Transcriptions - List Supported Locales"."""
        response = await cloud.send_json("GET", "/speechtotext/transcriptions/locales", params=_VERSION)
        if not isinstance(response, dict):
            raise cloud.malformed_response()

    async def _recognise(self, cloud: CloudClient, request: RecognitionRequest) -> Transcript:
        body = await cloud.send(
            "POST",
            "/speechtotext/transcriptions:transcribe",
            request,
            params=_VERSION,
            data={"definition": json.dumps(self._definition(request))},
            files={"audio": ("speech.wav", wav_bytes(request.pcm, RECOGNISER_RATE), "audio/wav")},
        )
        try:
            response = _TranscribeResponse.model_validate_json(body)
        except ValidationError:
            raise cloud.malformed_response() from None
        return self._transcript(response, request)

    def _definition(self, request: RecognitionRequest) -> dict[str, object]:
        languages: Sequence[str] = candidate_languages(request) or self.config.candidates
        if request.language is not None:
            languages = (request.language,)
        definition: dict[str, object] = {"profanityFilterMode": _PROFANITY[self.config.profanity]}
        if languages:
            definition["locales"] = [self._locales[code] for code in languages]
        if phrases := context_terms(request.context):
            definition["phraseList"] = {"phrases": phrases[:_MAX_PHRASES]}
        return definition

    def _transcript(self, response: _TranscribeResponse, request: RecognitionRequest) -> Transcript:
        text = normalise_spaces(" ".join(channel.text for channel in response.channels))
        words: tuple[Word, ...] = ()
        if request.word_times:
            reported = [word for phrase in response.phrases for word in phrase.words]
            words = words_with_punctuation(text, [Word(word.text, *word.times_ms) for word in reported])
            if text and not words:
                raise ProviderFailed("Azure Speech sent no word times")
        return Transcript(
            text=text,
            language=request.language or (self._language(response) if text else ""),
            confidence=weighted_mean((phrase.confidence, phrase.length_ms) for phrase in response.phrases),
            segments=tuple(
                TranscriptSegment(normalise_spaces(phrase.text), *phrase.times_ms)
                for phrase in response.phrases
            ),
            words=words,
        )

    def _language(self, response: _TranscribeResponse) -> str:
        """The language with the longest total speaking time."""
        lengths: Counter[str] = Counter()
        for phrase in response.phrases:
            lengths[phrase.locale or ""] += phrase.length_ms
        locale = lengths.most_common(1)[0][0] if lengths else ""
        if not locale:
            raise UnsupportedLanguage("the language could not be detected; name it", param="language")
        known = {name: code for code, name in self._locales.items()}
        return known.get(locale) or parse(locale, "language")
