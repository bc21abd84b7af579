"""Recognisers called in this process: this project's, plain faster-whisper, and the bare model in batches."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from load_tests.scenarios.speech_samples import SpeechSample
from sokuji import models
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.config import FasterWhisperConfig
from sokuji.contract import Recogniser, RecognitionRequest, StageName
from sokuji.errors import SokujiError
from sokuji.languages import LANGUAGES
from sokuji.providers.registry import create
from sokuji.providers.stt.text_cleanup import normalise_spaces
from sokuji.providers.stt.whisper.transcript_text import token_limit
from sokuji.providers.stt.whisper.windows import Samples, features, window_length_s

EMBEDDED = FasterWhisperConfig()
"""The recogniser of the embedded default."""
Result = TypeVar("Result")
Transcribe = Callable[[SpeechSample], Awaitable[str]]


@asynccontextmanager
async def loaded(stage: StageName, config: Any) -> AsyncIterator[Any]:
    """A provider; it is freed with the block."""
    provider = create(stage, config)
    try:
        await provider.load()
        yield provider
    finally:
        await provider.aclose()


async def transcribe(recogniser: Recogniser, sample: SpeechSample, *, thorough: bool = True) -> str:
    """The transcript of a sample, as of a recording, or of live speech if not ``thorough``."""
    request = RecognitionRequest(pcm=sample.pcm, language=sample.language, thorough=thorough)
    (transcript,) = await recogniser.transcribe([request])
    return result(transcript).text


def result(returned: Result | SokujiError) -> Result:
    """What a provider returned for one request of a batch; raises it if it is an error."""
    if isinstance(returned, SokujiError):
        raise returned
    return returned


def whisper_code(language: str) -> str:
    """Whisper's code of a language."""
    return LANGUAGES[language].whisper or language


def whisper_files(config: FasterWhisperConfig) -> Path:
    """The folder of the recogniser's model."""
    return models.locate("whisper", config.model_size)


def plain_faster_whisper(config: FasterWhisperConfig, *, cpu_threads: int = 0, **options: Any) -> Transcribe:
    """faster-whisper as its own documentation shows it, with the model of ``config``.

    Args:
        cpu_threads: of each call; 0: its default.
        options: of ``WhisperModel.transcribe``.
    """
    model = WhisperModel(
        str(whisper_files(config)),
        device=config.device,
        compute_type=config.compute_type,
        cpu_threads=cpu_threads,
    )

    def recognise(sample: SpeechSample) -> str:
        segments, _ = model.transcribe(sample.samples, language=whisper_code(sample.language), **options)
        return "".join(segment.text for segment in segments).strip()

    async def in_thread(sample: SpeechSample) -> str:
        return await asyncio.to_thread(recognise, sample)

    return in_thread


@dataclass(frozen=True, slots=True)
class CoreLayout:
    """How the cores are used: calls at a time, and threads of each."""

    workers: int
    threads: int


def layouts(cores: int) -> list[CoreLayout]:
    """All divisions of the cores among workers without a remainder, the fewest workers first."""
    return [CoreLayout(workers, cores // workers) for workers in range(1, cores + 1) if cores % workers == 0]


def batches_by_window(windows: Sequence[int], most: int) -> list[list[int]]:
    """Indices of utterances to recognise together, at most ``most``: those of one window (seconds).

    None is padded further than alone. The longest windows come first, so that the last batch to end is short.
    """
    batches = []
    for window in sorted(set(windows), reverse=True):
        members = [index for index, each in enumerate(windows) if each == window]
        batches += [members[start : start + most] for start in range(0, len(members), most)]
    return batches


class BareWhisper:
    """A Whisper model on CTranslate2 with nothing around it, for one language: a limit, not a recogniser.

    Each utterance is decoded once, greedily and without timestamps. A recogniser also handles failed
    decoding, which is missing here, so its error rate must be read beside its speed.
    """

    def __init__(self, config: FasterWhisperConfig, layout: CoreLayout, language: str) -> None:
        self.layout = layout
        self._model = WhisperModel(
            str(whisper_files(config)),
            device="cpu",
            compute_type=config.compute_type,
            cpu_threads=layout.threads,
            num_workers=layout.workers,
        )
        self._tokenizer = Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, "transcribe", whisper_code(language)
        )
        self._prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        self._suppressed = list(get_suppressed_tokens(self._tokenizer, [-1]))
        self._pool = ThreadPoolExecutor(layout.workers, "bare-whisper")

    def recognise(self, utterances: Sequence[Samples], most: int) -> list[str]:
        """The transcript of each utterance, ``most`` of them in a batch of each worker."""
        windows = [window_length_s(len(each) / RECOGNISER_RATE) for each in utterances]
        batches = batches_by_window(windows, most)
        decoded = self._pool.map(lambda batch: self._decode([utterances[index] for index in batch]), batches)
        texts = [""] * len(utterances)
        for batch, decoded_texts in zip(batches, decoded, strict=True):
            for index, text in zip(batch, decoded_texts, strict=True):
                texts[index] = text
        return texts

    def _decode(self, utterances: Sequence[Samples]) -> list[str]:
        longest_s = max(map(len, utterances)) / RECOGNISER_RATE
        window = window_length_s(longest_s)
        mel = np.stack([features(self._model.feature_extractor, each, window) for each in utterances])
        results = self._model.model.generate(
            ctranslate2.StorageView.from_array(mel),
            [self._prompt] * len(utterances),
            beam_size=1,
            # CTranslate2 gives the text half of this length.
            max_length=2 * token_limit(longest_s),
            suppress_tokens=self._suppressed,
        )
        return [normalise_spaces(self._tokenizer.decode(each.sequences_ids[0])) for each in results]
