"""Transcribes or translates recordings with models in this process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from sokuji import languages
from sokuji.cli.speech.results import Interpreted, InterpretedUtterance, Interpreter
from sokuji.client.config import Config
from sokuji.config import SegmentationSettings, Settings
from sokuji.errors import NoVoice
from sokuji.pipeline import recording_times
from sokuji.pipeline.in_process import STT, TRANSLATION, TTS, local_pipeline
from sokuji.pipeline.language_candidates import check_candidates
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.recorded_speech import UnrecognisedSpeech, interpret

CONCURRENCY = 2
"""Utterances processed at the same time in this process."""


@asynccontextmanager
async def in_process_transcriber(
    source: str, candidates: Sequence[str], *, word_times: bool, stt: Sequence[Settings] = STT
) -> AsyncIterator[Interpreter]:
    """An interpreter that recognises only; with ``word_times``, utterances have words.

    Raises:
        InvalidRequest: a source language, and candidates for its detection.
        UnsupportedLanguage: the recogniser does not know a language.
    """
    spoken = languages.parse_source(source)
    async with local_pipeline(stt, translation=(), tts=()) as pipeline:
        if spoken is not None:
            pipeline.catalogue.check_spoken(spoken, param="language")
        check_candidates(pipeline.catalogue, spoken, candidates, param="language")
        yield _Speech(pipeline, spoken, tuple(candidates), None, word_times).utterances


@asynccontextmanager
async def in_process_interpreter(
    config: Config, *, word_times: bool, stt: Sequence[Settings] = STT
) -> AsyncIterator[Interpreter]:
    """An interpreter that translates, and speaks unless ``config.output`` is captions.

    Raises:
        InvalidRequest: a source language, and candidates for its detection.
        UnsupportedLanguage, UnknownVoice: the models have no such pair, candidate or voice.
    """
    source = languages.parse_source(config.source_language)
    target = languages.parse(config.target_language, "target_language")
    speaks = config.output == "audio"
    async with local_pipeline(stt, TRANSLATION, TTS if speaks else ()) as pipeline:
        pipeline.catalogue.check_speech_pair(source, target)
        check_candidates(pipeline.catalogue, source, config.source_languages, [target])
        speech = _Speech(pipeline, source, config.source_languages, target, word_times)
        if speaks:
            pipeline.catalogue.voice(config.voice_id, target)
            yield lambda pcm: _spoken(speech.utterances(pcm), pipeline, target, config)
        else:
            yield speech.utterances


@dataclass(frozen=True, slots=True)
class _Speech:
    """How recordings are recognised and translated."""

    pipeline: Pipeline
    source: str | None
    candidates: Sequence[str]
    target: str | None
    word_times: bool

    async def utterances(self, pcm: bytes) -> Interpreted:
        """Those of a recording, in order."""
        found = interpret(
            self.pipeline,
            pcm,
            source=self.source,
            named=self.candidates,
            target=self.target,
            segmentation=SegmentationSettings(),
            concurrency=CONCURRENCY,
            word_times=self.word_times,
        )
        async with aclosing(found):
            async for each in found:
                if isinstance(each, UnrecognisedSpeech):
                    yield each
                    continue
                yield InterpretedUtterance(
                    each.start_ms,
                    each.end_ms,
                    each.transcript.language,
                    each.transcript.text,
                    recording_times.spoken_parts(each),
                    each.translation.text if each.translation else "",
                    words=recording_times.words(each),
                )


async def _spoken(utterances: Interpreted, pipeline: Pipeline, target: str, config: Config) -> Interpreted:
    async with aclosing(utterances):
        async for each in utterances:
            if isinstance(each, InterpretedUtterance):
                try:
                    await _speak(pipeline, each, target, config)
                except NoVoice:
                    each.unspoken = True
            yield each


async def _speak(pipeline: Pipeline, utterance: InterpretedUtterance, target: str, config: Config) -> None:
    if not utterance.translation:
        return
    voice = pipeline.speak(utterance.translation, target, voice_id=config.voice_id, speed=config.speed)
    async with aclosing(voice):
        async for chunk in voice:
            utterance.sound.add(chunk.pcm, chunk.sample_rate)
