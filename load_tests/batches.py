"""Recognition in batches on CTranslate2 itself: what the machine can do, with nothing around the model.

Each utterance is searched once, greedily and without timestamps. What a recogniser does about a search that
is lost is missing, so this is a limit and no recogniser; its errors are to be seen beside its speed.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.providers.stt.text_cleanup import normalise_spaces
from sokuji.providers.stt.whisper.transcript_text import token_limit
from sokuji.providers.stt.whisper.windows import Samples, features, window_length_s


@dataclass(frozen=True, slots=True)
class Layout:
    """How the cores are used: calls at a time, and threads of each."""

    workers: int
    threads: int


def layouts(cores: int) -> list[Layout]:
    """All ways to give workers equally many of the cores, the fewest workers first."""
    return [Layout(workers, cores // workers) for workers in range(1, cores + 1) if cores % workers == 0]


def batches(windows: Sequence[int], most: int) -> list[list[int]]:
    """Which utterances to recognise together: of one window, so that none is padded for another's sake.

    Args:
        windows: the window of each utterance, seconds.
        most: utterances in a batch.

    Returns:
        Indices into ``windows``, the longest windows first: the last batch to end is then a short one.
    """
    found = []
    for window in sorted(set(windows), reverse=True):
        members = [index for index, each in enumerate(windows) if each == window]
        found += [members[start : start + most] for start in range(0, len(members), most)]
    return found


class BareWhisper:
    """A Whisper model on CTranslate2, for one language.

    Args:
        path: its files.
        compute_type: as CTranslate2 names it.
        layout: how it uses the cores.
        language: Whisper's code of what is spoken.
    """

    def __init__(self, path: Path, compute_type: str, layout: Layout, language: str) -> None:
        self.layout = layout
        self._model = WhisperModel(
            str(path),
            device="cpu",
            compute_type=compute_type,
            cpu_threads=layout.threads,
            num_workers=layout.workers,
        )
        self._tokenizer = Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, "transcribe", language
        )
        self._prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        self._suppressed = list(get_suppressed_tokens(self._tokenizer, [-1]))
        self._pool = ThreadPoolExecutor(layout.workers, "bare-whisper")

    def recognise(self, utterances: Sequence[Samples], most: int) -> list[str]:
        """What is said in each utterance, ``most`` of them at a time in each worker."""
        windows = [window_length_s(len(each) / RECOGNISER_RATE) for each in utterances]
        together = batches(windows, most)
        texts = [""] * len(utterances)
        answers = self._pool.map(lambda batch: self._batch([utterances[index] for index in batch]), together)
        for batch, found in zip(together, answers, strict=True):
            for index, text in zip(batch, found, strict=True):
                texts[index] = text
        return texts

    def _batch(self, utterances: Sequence[Samples]) -> list[str]:
        longest_s = max(map(len, utterances)) / RECOGNISER_RATE
        window = window_length_s(longest_s)
        heard = np.stack([features(self._model.feature_extractor, each, window) for each in utterances])
        found = self._model.model.generate(
            ctranslate2.StorageView.from_array(heard),
            [self._prompt] * len(utterances),
            beam_size=1,
            # CTranslate2 gives the text half of this length.
            max_length=2 * token_limit(longest_s),
            suppress_tokens=self._suppressed,
        )
        return [normalise_spaces(self._tokenizer.decode(each.sequences_ids[0])) for each in found]
