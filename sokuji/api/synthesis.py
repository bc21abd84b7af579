"""From texts to one audio file of their speech, for the REST doors."""

from contextlib import aclosing

from starlette.concurrency import run_in_threadpool

from sokuji.audio.encoding import EncodedAudio, encode
from sokuji.audio.pcm import AudioBuffer
from sokuji.config import AudioFormat
from sokuji.pipeline.pipeline import Pipeline


class SpeechFile:
    """An audio file to which texts are added one after the other.

    Args:
        pipeline: for the call (``Service.request_pipeline``).
        sample_rate: Hz; None: that of the voice's deployment.
        audio_format: None: that of the voice's deployment.
        param: the request field that names the language.

    Raises:
        UnknownVoice, UnsupportedLanguage, InvalidRequest: as ``Catalogue.voices_for``.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        language: str,
        voice_id: str,
        *,
        speed: float = 1.0,
        sample_rate: int | None,
        audio_format: AudioFormat | None,
        param: str = "target_language",
    ) -> None:
        catalogue = pipeline.catalogue
        member, voice = catalogue.voices_for(voice_id, language, speed, param=param)[0]
        self.audio_format = audio_format or member.info.audio_format
        self.providers: list[str | None] = []
        """The provider of each chunk of speech."""
        self._pipeline = pipeline
        self._language = language
        self._voice_id = voice.id
        self._speed = speed
        self._sound = AudioBuffer(sample_rate or voice.sample_rate)

    @property
    def duration_ms(self) -> int:
        """How long the speech lasts."""
        return self._sound.duration_ms

    async def add(self, text: str) -> None:
        """Speak a text at the end of the file. A blank text adds nothing.

        Raises:
            NoVoice: no voice reads the text; nothing has been added.
            SokujiError: see ``Pipeline.speak``.
        """
        if not text.strip():
            return
        chunks = self._pipeline.speak(
            text,
            self._language,
            voice_id=self._voice_id,
            speed=self._speed,
            sample_rate=self._sound.sample_rate,
        )
        async with aclosing(chunks):
            async for chunk in chunks:
                self._sound.add(chunk.pcm, chunk.sample_rate)
                self.providers.append(chunk.provider)

    async def encode(self) -> EncodedAudio:
        """The file. Its sample rate is another one where the format does not have that of the speech."""
        # The time that it takes grows with the speech: not on the event loop.
        pcm = bytes(self._sound.pcm)
        return await run_in_threadpool(encode, pcm, self._sound.sample_rate, self.audio_format)
