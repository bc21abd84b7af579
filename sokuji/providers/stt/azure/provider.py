"""Speech to text by Azure Speech: fast transcription, one REST call an utterance.

Written against "Speech to text REST API", Transcriptions - Transcribe, api-version 2025-10-15
(https://learn.microsoft.com/rest/api/speechtotext), and "Use the fast transcription API"
(https://learn.microsoft.com/azure/ai-services/speech-service/fast-transcription-create), looked up 2026-11.
Why not streaming: the messages of the service's WebSocket are documented for Bing Speech alone, which ended
in January 2020; today's are what Microsoft's Speech SDK happens to send. And an utterance is whole when it
comes here, so that nothing of it could be sent sooner. Why not the REST API "for short audio": its
documentation sends readers here, and it detects no language, takes no phrases and times no words.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.config import AzureTranscriptionConfig
from sokuji.contract import RecogniserInfo, RecognitionRequest, Transcript, TranscriptSegment, Word
from sokuji.errors import ConfigError, ProviderFailed, UnsupportedLanguage
from sokuji.languages import LANGUAGES, parse
from sokuji.providers import azure
from sokuji.providers.cloud import CloudClient
from sokuji.providers.stt.azure.locales import LOCALES
from sokuji.providers.stt.cloud_recogniser import CloudRecogniser, terms
from sokuji.providers.stt.cloud_transcript import spread, weighted
from sokuji.providers.stt.whisper.transcript_text import clean

_VERSION = {"api-version": "2025-10-15"}
_PROFANITY = {"raw": "None", "masked": "Masked", "removed": "Removed"}
_MOST_PHRASES = 500
"""A phrase list should not have more ("Improve recognition accuracy with phrase list")."""

Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]


class _Piece(BaseModel):
    text: str
    begin_ms: Milliseconds = Field(alias="offsetMilliseconds")
    length_ms: Milliseconds = Field(alias="durationMilliseconds")

    @property
    def times_ms(self) -> tuple[int, int]:
        return self.begin_ms, self.begin_ms + self.length_ms


class _Phrase(_Piece):
    words: tuple[_Piece, ...] = ()
    locale: str | None = None
    confidence: float | None = Field(None, ge=0, le=1)


class _Channel(BaseModel):
    text: str


class _Answer(BaseModel):
    channels: tuple[_Channel, ...] = Field(alias="combinedPhrases")
    phrases: tuple[_Phrase, ...]


class AzureTranscription(CloudRecogniser[AzureTranscriptionConfig]):
    """A Speech resource of Azure."""

    _locales: Mapping[str, str]

    async def describe(self) -> RecogniserInfo:
        """What the documentation lists, and the settings add."""
        return RecogniserInfo(
            provider=self.config.provider,
            model="fast-transcription",
            languages=tuple(self._locales),
            takes_context=True,
            gives_word_times=True,
        )

    def _take(self, config: AzureTranscriptionConfig) -> None:
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
        super()._take(config)

    def _connect(self) -> CloudClient:
        settings = self.config.model_copy(update={"base_url": azure.base_url(self.config)})
        reasons = {404: "the region has no fast transcription, or the address is wrong"}
        return CloudClient("Azure Speech", settings, {azure.KEY_HEADER: azure.key()}, azure.KEY, reasons)

    async def _ask(self, cloud: CloudClient) -> None:
        """The locales that can be recognised, which is free: Transcriptions - List Supported Locales."""
        answer = await cloud.send_json("GET", "/speechtotext/transcriptions/locales", params=_VERSION)
        if not isinstance(answer, dict):
            raise cloud.malformed()

    async def _recognise(self, cloud: CloudClient, request: RecognitionRequest) -> Transcript:
        body = await cloud.send(
            "POST",
            "/speechtotext/transcriptions:transcribe",
            params=_VERSION,
            data={"definition": json.dumps(self._definition(request))},
            files={"audio": ("speech.wav", wav_bytes(request.pcm, RECOGNISER_RATE), "audio/wav")},
        )
        try:
            answer = _Answer.model_validate_json(body)
        except ValidationError:
            raise cloud.malformed() from None
        return self._transcript(answer, request)

    def _definition(self, request: RecognitionRequest) -> dict[str, object]:
        spoken = self.config.candidates if request.language is None else (request.language,)
        definition: dict[str, object] = {"profanityFilterMode": _PROFANITY[self.config.profanity]}
        if spoken:
            definition["locales"] = [self._locales[code] for code in spoken]
        if phrases := terms(request.context):
            definition["phraseList"] = {"phrases": phrases[:_MOST_PHRASES]}
        return definition

    def _transcript(self, answer: _Answer, request: RecognitionRequest) -> Transcript:
        text = clean(" ".join(channel.text for channel in answer.channels))
        words: tuple[Word, ...] = ()
        if request.word_times:
            reported = [word for phrase in answer.phrases for word in phrase.words]
            words = spread(text, [Word(word.text, *word.times_ms) for word in reported])
            if text and not words:
                raise ProviderFailed("Azure Speech sent no times of words")
        return Transcript(
            text=text,
            language=request.language or (self._language(answer) if text else ""),
            confidence=weighted((phrase.confidence, phrase.length_ms) for phrase in answer.phrases),
            segments=tuple(
                TranscriptSegment(clean(phrase.text), *phrase.times_ms) for phrase in answer.phrases
            ),
            words=words,
        )

    def _language(self, answer: _Answer) -> str:
        """The language in which most of the time is spoken."""
        lengths: Counter[str] = Counter()
        for phrase in answer.phrases:
            lengths[phrase.locale or ""] += phrase.length_ms
        locale = lengths.most_common(1)[0][0] if lengths else ""
        if not locale:
            raise UnsupportedLanguage("the language could not be detected; name it", param="language")
        known = {name: code for code, name in self._locales.items()}
        return known.get(locale) or parse(locale, "language")
