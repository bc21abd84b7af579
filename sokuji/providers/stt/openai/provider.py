"""Speech to text with OpenAI or any server that is compatible with its API (speaches, vLLM, ...).

Written against "Create transcription" and "Create translation" of OpenAI's API reference, v1
(https://developers.openai.com/api/reference/resources/audio), and for other servers against speaches
(``routers/stt.py``) and vLLM (``speech_to_text``), looked up 2026-11. What each model supports is listed in
``models``. If a model does not report the language, the request has to name it.
"""

from pydantic import ValidationError

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.config import OpenAITranscriptionConfig
from sokuji.contract import RecogniserInfo, RecognitionRequest, Transcript
from sokuji.errors import NotSupported, ProviderFailed
from sokuji.languages import LANGUAGES
from sokuji.providers import openai_api
from sokuji.providers.cloud import CloudClient
from sokuji.providers.stt.cloud_recogniser import CloudRecogniser, candidate_languages, context_terms
from sokuji.providers.stt.openai.models import ModelCapabilities, capabilities
from sokuji.providers.stt.openai.responses import TranscriptionResponse, to_transcript

Form = dict[str, str | list[str]]


class OpenAITranscription(CloudRecogniser[OpenAITranscriptionConfig]):
    """A model behind ``/audio/transcriptions``."""

    _model: ModelCapabilities

    async def describe(self) -> RecogniserInfo:
        """What the model supports according to OpenAI's documentation or to the settings."""
        return RecogniserInfo(
            provider=self.config.provider,
            model=self.config.model,
            languages=self._model.languages,
            translates_to=("en",) if self._model.translates else (),
            takes_context=self._model.takes_prompt,
            gives_word_times=self._model.word_times,
        )

    def _apply(self, config: OpenAITranscriptionConfig) -> None:
        self._model = capabilities(config)
        super()._apply(config)

    def _connect(self) -> CloudClient:
        reasons = {404: "no such model or address", 413: "the audio is too long"}
        headers = openai_api.headers(self.config)
        return CloudClient("the transcription server", self.config, headers, openai_api.KEY, reasons)

    async def _ping(self, cloud: CloudClient) -> None:
        """List the models, which is free: "List models" of the API reference."""
        if not isinstance(await cloud.send_json("GET", "/models"), dict):
            raise cloud.malformed_response()

    async def _recognise(self, cloud: CloudClient, request: RecognitionRequest) -> Transcript:
        translate = request.task == "translate"
        if request.language is None and (translate or not self._model.detects_language):
            raise NotSupported(
                f"{self.config.model} does not report the language spoken; name it", param="language"
            )
        if request.word_times and translate:
            raise NotSupported("a translation has no word times; leave them out", param="word_times")
        body = await cloud.send(
            "POST",
            "/audio/translations" if translate else "/audio/transcriptions",
            request,
            data=self._form(request),
            files={"file": ("speech.wav", wav_bytes(request.pcm, RECOGNISER_RATE), "audio/wav")},
        )
        try:
            transcript = to_transcript(TranscriptionResponse.model_validate_json(body), request)
        except ValidationError:
            raise cloud.malformed_response() from None
        if request.word_times and transcript.text and not transcript.words:
            raise ProviderFailed(f"{self.config.model} reports no word times: set word_times to false")
        return transcript

    def _form(self, request: RecognitionRequest) -> Form:
        model = self._model
        form: Form = {"model": self.config.model}
        code = _code(request.language) if request.language else ""
        if model.takes_lists:
            # An empty list is not sent.
            terms = context_terms(request.context)
            languages = [code] if code else [_code(each) for each in candidate_languages(request)]
            return form | {"languages[]": languages, "keywords[]": terms}
        form["response_format"] = "verbose_json" if model.verbose_json else "json"
        if model.takes_temperature:
            form["temperature"] = f"{self.config.temperature:g}"
        if request.context:
            form["prompt"] = request.context
        if request.task == "translate":
            return form
        if code:
            form["language"] = code
        if model.gives_logprobs:
            form["include[]"] = ["logprobs"]
        if request.word_times:
            # With "word" alone there would be no segments, and so no probabilities.
            form["timestamp_granularities[]"] = ["segment", "word"]
        return form


def _code(language: str) -> str:
    """OpenAI's code of a language."""
    return LANGUAGES[language].whisper or language
