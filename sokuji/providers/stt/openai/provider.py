"""Speech to text by OpenAI, or by any server that speaks its protocol: speaches, vLLM, faster-whisper-server.

Written against "Create transcription" and "Create translation" of OpenAI's API reference, v1
(https://developers.openai.com/api/reference/resources/audio), looked up 2026-11, and for other servers
against what speaches (``routers/stt.py``) and vLLM (``speech_to_text``) take and give, looked up then too.
What each model takes stands in ``openai_models``. Where a model does not tell the language, the request must.
"""

from pydantic import ValidationError

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.config import OpenAITranscriptionConfig
from sokuji.contract import RecogniserInfo, RecognitionRequest, Transcript
from sokuji.errors import NotSupported, ProviderFailed
from sokuji.languages import LANGUAGES
from sokuji.providers import openai
from sokuji.providers.cloud import CloudClient
from sokuji.providers.stt.cloud_recogniser import CloudRecogniser, terms
from sokuji.providers.stt.openai.models import ModelCapabilities, model
from sokuji.providers.stt.openai.responses import TranscriptionResponse, transcript

Form = dict[str, str | list[str]]


class OpenAITranscription(CloudRecogniser[OpenAITranscriptionConfig]):
    """A model behind ``/audio/transcriptions``."""

    _model: ModelCapabilities

    async def describe(self) -> RecogniserInfo:
        """What the model is known for, or the settings say of it."""
        return RecogniserInfo(
            provider=self.config.provider,
            model=self.config.model,
            languages=self._model.languages,
            translates_to=("en",) if self._model.translates else (),
            takes_context=self._model.prompt,
            gives_word_times=self._model.word_times,
        )

    def _take(self, config: OpenAITranscriptionConfig) -> None:
        self._model = model(config)
        super()._take(config)

    def _connect(self) -> CloudClient:
        reasons = {404: "no such model or address", 413: "too much sound"}
        headers = openai.headers(self.config)
        return CloudClient("the transcription server", self.config, headers, openai.KEY, reasons)

    async def _ask(self, cloud: CloudClient) -> None:
        """List the models, which is free: "List models" of the API reference."""
        if not isinstance(await cloud.send_json("GET", "/models"), dict):
            raise cloud.malformed()

    async def _recognise(self, cloud: CloudClient, request: RecognitionRequest) -> Transcript:
        translate = request.task == "translate"
        if request.language is None and (translate or not self._model.detects):
            raise NotSupported(
                f"{self.config.model} does not tell which language it hears; name it", param="language"
            )
        if request.word_times and translate:
            raise NotSupported("words of a translation have no times; leave them out", param="word_times")
        body = await cloud.send(
            "POST",
            "/audio/translations" if translate else "/audio/transcriptions",
            data=self._form(request),
            files={"file": ("speech.wav", wav_bytes(request.pcm, RECOGNISER_RATE), "audio/wav")},
        )
        try:
            answer = transcript(TranscriptionResponse.model_validate_json(body), request)
        except ValidationError:
            raise cloud.malformed() from None
        if request.word_times and answer.text and not answer.words:
            raise ProviderFailed(f"{self.config.model} tells no times of words: set word_times to false")
        return answer

    def _form(self, request: RecognitionRequest) -> Form:
        known = self._model
        form: Form = {"model": self.config.model}
        code = LANGUAGES[request.language].whisper or request.language if request.language else ""
        if known.hints:
            # Without an entry a field is not sent.
            return form | {"languages[]": [code] if code else [], "keywords[]": terms(request.context)}
        form["response_format"] = "verbose_json" if known.verbose else "json"
        if known.temperature:
            form["temperature"] = f"{self.config.temperature:g}"
        if request.context:
            form["prompt"] = request.context
        if request.task == "translate":
            return form
        if code:
            form["language"] = code
        if known.logprobs:
            form["include[]"] = ["logprobs"]
        if request.word_times:
            # Words alone would leave the segments out, and the probabilities with them.
            form["timestamp_granularities[]"] = ["segment", "word"]
        return form
