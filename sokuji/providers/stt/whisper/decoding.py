"""From encoded windows to tokens: prompts, search and alignment, on CTranslate2 itself.

Terms as in openai/whisper, ``decoding.py`` and ``timing.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from sokuji.config import FasterWhisperConfig
from sokuji.errors import TooLarge
from sokuji.providers.stt.whisper.word_times import Aligned

Task = Literal["transcribe", "translate"]

CONTEXT = 448
"""Tokens that Whisper's decoder sees, half of them its own (openai/whisper, ``n_text_ctx``)."""
SAMPLED = CONTEXT // 2
"""The longest text of a window, in tokens."""
_MAX_PROMPT = CONTEXT // 2 - 1
_MAX_PREFIX = 160
"""More than is spoken in the 20 s that an utterance of a session lasts."""
_TIME_STEP_S = 0.02
_TEMPERATURE_STEP = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the decoder is told before it begins."""

    tokens: tuple[int, ...]
    prefix: tuple[int, ...]
    """Text tokens at the end of ``tokens`` with which the transcript begins."""
    timed: bool
    """Whether the decoder times segments; it then takes more tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingOptions:
    """How the decoder looks for the text."""

    beam_size: int
    best_of: int
    temperature: float
    max_tokens: int
    """The text may take; the prefix counts."""
    usual_tokens: int
    """Few texts take more, behind a prefix."""
    once: int = 0
    """Length of groups of tokens that may not come twice; 0: all may."""

    @classmethod
    def configured(cls, config: FasterWhisperConfig, max_tokens: int, usual_tokens: int) -> "DecodingOptions":
        """As the settings say."""
        return cls(
            beam_size=config.beam_size,
            best_of=config.best_of,
            temperature=config.temperature,
            max_tokens=max_tokens,
            usual_tokens=usual_tokens,
        )

    def at_higher_temperatures(self) -> "list[DecodingOptions]":
        """The same in steps of 0.2 up to 1 (openai/whisper, ``temperature_increment_on_fallback``)."""
        steps = int((1 - self.temperature) / _TEMPERATURE_STEP + 1e-6)
        return [
            replace(self, temperature=round(self.temperature + _TEMPERATURE_STEP * step, 6))
            for step in range(1, steps + 1)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What the decoder found in a window."""

    tokens: tuple[int, ...]
    """Behind the prefix; timestamps included."""
    average: float
    """Logarithm of the tokens' probabilities, those of the prefix too, the mean (``avg_logprob``)."""
    no_speech: float
    """Probability that nobody speaks."""
    cut_off: bool
    """It did not come to an end."""


class WhisperDecoder:
    """One language and task of a loaded model."""

    def __init__(self, model: WhisperModel, language: str, task: Task) -> None:
        """``language`` is Whisper's own code."""
        multilingual = model.model.is_multilingual
        self._model = model.model
        self.tokenizer = Tokenizer(model.hf_tokenizer, multilingual, task, language)
        self._suppressed = list(get_suppressed_tokens(self.tokenizer, [-1]))

    def prompt(self, context: str, prefix: str, *, spaced: bool, timed: bool) -> Prompt:
        """The prompt; of a long context the last part.

        Raises:
            TooLarge: the prefix leaves no room for more text.
        """
        tokenizer = self.tokenizer
        # Whisper's words bring their space along, the first one too; the last one must not bring another.
        begun = tuple(self._encode(" " * spaced + prefix.strip())) if prefix.strip() else ()
        if len(begun) > _MAX_PREFIX:
            raise TooLarge(f"the prefix has {len(begun)} tokens; accepted: {_MAX_PREFIX}", param="prefix")
        start = (*tokenizer.sot_sequence, *(() if timed else (tokenizer.no_timestamps,)))
        room = min(_MAX_PROMPT, CONTEXT - SAMPLED - len(start) - len(begun) - 1)
        told = self._encode(" " + context.strip())[-room:] if context.strip() else ()
        before = (tokenizer.sot_prev, *told) if told else ()
        return Prompt(tokens=(*before, *start, *begun), prefix=begun, timed=timed)

    def _encode(self, text: str) -> list[int]:
        # The tokenizer takes "<|endoftext|>" and the like for commands.
        return self.text_tokens(self.tokenizer.encode(text))

    def generate(
        self, encoded: Any, prompts: Sequence[Prompt], search: DecodingOptions, limit: int
    ) -> Sequence[Any]:
        """CTranslate2's results for encoded windows, as ``search`` says but for its limits.

        The prompts have one shape, each may be of another language or task.

        Args:
            limit: tokens that a text may take; its prefix counts.
        """
        sampling = {
            "beam_size": 1,
            "num_hypotheses": search.best_of,
            "sampling_topk": 0,
            "sampling_temperature": search.temperature,
        }
        results: Sequence[Any] = self._model.generate(
            encoded,
            [list(prompt.tokens) for prompt in prompts],
            # CTranslate2 gives the text at most half of this length, and what the prompt leaves.
            max_length=min(CONTEXT, max(2 * limit, len(prompts[0].tokens) + limit)),
            no_repeat_ngram_size=search.once,
            # Blank means the end, too: text may end right behind the prefix.
            suppress_blank=not prompts[0].prefix,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
            **(sampling if search.temperature > 0 else {"beam_size": search.beam_size}),
        )
        return results

    def text_tokens(self, tokens: Sequence[int]) -> list[int]:
        """Without timestamps."""
        return [token for token in tokens if token < self.tokenizer.eot]

    def text(self, tokens: Sequence[int]) -> str:
        """As Whisper writes it, with a space before where the language has spaces."""
        return str(self.tokenizer.decode(list(tokens)))

    def timed_segments(self, tokens: Sequence[int], end_s: float) -> list[tuple[list[int], float, float]]:
        """Text tokens between timestamps, with these in seconds of the window, which ends at ``end_s``."""
        found: list[tuple[list[int], float, float]] = []
        text: list[int] = []
        start_s = 0.0
        for token in tokens:
            if token < self.tokenizer.eot:
                text.append(token)
            elif token >= self.tokenizer.timestamp_begin:
                at_s = (token - self.tokenizer.timestamp_begin) * _TIME_STEP_S
                if text:
                    found.append((text, start_s, at_s))
                text, start_s = [], at_s
        return [*found, (text, start_s, end_s)] if text else found

    def align(
        self, encoded: Any, texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[list[Aligned]]:
        """For each window the shortest pieces of its text that are whole characters, and when each is heard.

        The path of dynamic time warping through the cross-attention (openai/whisper, ``timing.py``).
        """
        results = self._model.align(encoded, self.tokenizer.sot_sequence, texts, list(frames))
        return [self._aligned(text, result) for text, result in zip(texts, results, strict=True)]

    def _aligned(self, text: Sequence[int], result: Any) -> list[Aligned]:
        path = np.array(result.alignments)
        steps = np.concatenate([[True], np.diff(path[:, 0]) > 0])
        starts = path[steps, 1] * _TIME_STEP_S
        texts, tokens = self.tokenizer.split_tokens_on_unicode([*text, self.tokenizer.eot])
        bounds = np.cumsum([0, *(len(each) for each in tokens)])
        return [
            Aligned(text=piece, start_s=float(starts[begin]), end_s=float(starts[min(end, len(starts) - 1)]))
            for piece, begin, end in zip(texts[:-1], bounds, bounds[1:], strict=False)
        ]
