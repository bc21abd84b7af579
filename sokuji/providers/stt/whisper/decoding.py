"""Whisper's decoder: prompts, search and alignment.

On a CPU the greedy search runs under ONNX Runtime (``greedy``), all else under CTranslate2.

Terms follow openai/whisper, ``decoding.py`` and ``timing.py``.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from sokuji.providers.stt.whisper.encoding import EncoderOutput, stacked
from sokuji.providers.stt.whisper.script_tokens import foreign_script_tokens
from sokuji.providers.stt.whisper.search_terms import (
    DecoderOutput,
    DecodingOptions,
    GreedyDecoder,
    Prompt,
    SearchResult,
    Task,
)
from sokuji.providers.stt.whisper.word_times import AlignedText

CONTEXT_TOKENS = 448
"""Context length of the decoder, half of it for its output (openai/whisper, ``n_text_ctx``)."""
MAX_TEXT_TOKENS = CONTEXT_TOKENS // 2
"""The longest text of a window, in tokens."""
_MAX_PROMPT = CONTEXT_TOKENS // 2 - 1
_TIMESTAMP_S = 0.02


class WhisperDecoder:
    """A loaded model's decoder for one language and task."""

    def __init__(
        self,
        model: WhisperModel,
        language: str,
        task: Task,
        *,
        script_of: str | None = None,
        greedy: GreedyDecoder | None = None,
    ) -> None:
        """Make the prompts and the settings of the decoder; the model itself is shared.

        Args:
            greedy: searches greedily where it is given.
            language: Whisper's own code.
            script_of: canonical code of the language in whose script the text must be; None: in any.
        """
        multilingual = model.model.is_multilingual
        self._model = model.model
        self._greedy = greedy
        self.tokenizer = Tokenizer(model.hf_tokenizer, multilingual, task, language)
        self.script_of = script_of
        self._suppressed = list(get_suppressed_tokens(self.tokenizer, [-1]))
        if script_of is not None:
            self._suppressed += foreign_script_tokens(model.hf_tokenizer, script_of)

    def prompt(self, context: str, *, spaced: bool, timed: bool, draft: str = "") -> Prompt:
        """The prompt for one window; a context that is too long loses its beginning.

        Args:
            context: names and words that are likely to be spoken.
            spaced: whether the language separates words by spaces.
            timed: whether the decoder writes timestamps.
            draft: what the transcript may be.
        """
        tokenizer = self.tokenizer
        start = (*tokenizer.sot_sequence, *(() if timed else (tokenizer.no_timestamps,)))
        room = min(_MAX_PROMPT, CONTEXT_TOKENS - MAX_TEXT_TOKENS - len(start) - 1)
        context_tokens = self._encode(" " + context.strip())[-room:] if context.strip() else ()
        before = (tokenizer.sot_prev, *context_tokens) if context_tokens else ()
        # Whisper writes a space before every word, the first included, and none behind the last.
        drafted = self._encode(" " * spaced + draft.strip()) if draft.strip() else ()
        return Prompt(tokens=(*before, *start), timed=timed, draft=tuple(drafted))

    def _encode(self, text: str) -> list[int]:
        # The tokenizer reads "<|endoftext|>" and the like as control tokens, which are removed here.
        return self.text_tokens(self.tokenizer.encode(text))

    def search(
        self, encoded: Sequence[EncoderOutput], prompts: Sequence[Prompt], search: DecodingOptions, limit: int
    ) -> list[SearchResult]:
        """The text of each window of a batch.

        The prompts have one shape; languages and tasks may differ, ``script_of`` may not.

        Args:
            encoded: of windows of one length.
            search: the options; ``limit`` replaces its token limits.
            limit: tokens that a text may take.
        """
        if self._greedy is not None and search.is_greedy:
            return self._greedy.search(encoded, prompts, self._suppressed, limit)
        results = self.generate(stacked(encoded), prompts, search, limit)
        return [_search_result(result) for result in results]

    def generate(
        self, encoded: Any, prompts: Sequence[Prompt], search: DecodingOptions, limit: int
    ) -> Sequence[Any]:
        """CTranslate2's results for a batch of encoded windows; arguments are as for ``search``."""
        sampling = {
            "beam_size": 1,
            "num_hypotheses": search.best_of,
            "sampling_topk": 0,
            "sampling_temperature": search.temperature,
        }
        results: Sequence[Any] = self._model.generate(
            encoded,
            [list(prompt.tokens) for prompt in prompts],
            # CTranslate2 limits the text to half of this length and to what the prompt leaves.
            max_length=min(CONTEXT_TOKENS, max(2 * limit, len(prompts[0].tokens) + limit)),
            no_repeat_ngram_size=search.no_repeat_ngram,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
            **(sampling if search.temperature > 0 else {"beam_size": search.beam_size}),
        )
        return results

    def text_tokens(self, tokens: Sequence[int]) -> list[int]:
        """``tokens`` without timestamps and other control tokens."""
        return [token for token in tokens if token < self.tokenizer.eot]

    def shortened(self, output: DecoderOutput, count: int) -> DecoderOutput:
        """The same output up to its text token number ``count``."""
        text = [index for index, token in enumerate(output.tokens) if token < self.tokenizer.eot]
        return replace(output, tokens=output.tokens[: text[count - 1] + 1] if count else ())

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens; it begins with a space in languages that have spaces."""
        return str(self.tokenizer.decode(list(tokens)))

    def timed_segments(self, tokens: Sequence[int], end_s: float) -> list[tuple[list[int], float, float]]:
        """The text tokens of each segment, with its start and end in seconds of the window.

        Args:
            tokens: text tokens and timestamps.
            end_s: length of the window, the end of a segment without an end timestamp.
        """
        segments: list[tuple[list[int], float, float]] = []
        text: list[int] = []
        start_s = 0.0
        for token in tokens:
            if token < self.tokenizer.eot:
                text.append(token)
            elif token >= self.tokenizer.timestamp_begin:
                at_s = (token - self.tokenizer.timestamp_begin) * _TIMESTAMP_S
                if text:
                    segments.append((text, start_s, at_s))
                text, start_s = [], at_s
        return [*segments, (text, start_s, end_s)] if text else segments

    def align(
        self, encoded: Any, texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[list[AlignedText]]:
        """The times of the text of each window, for the shortest runs of tokens that are whole characters.

        They come from dynamic time warping over the cross-attention (openai/whisper, ``timing.py``).

        Args:
            encoded: the encoder's output of all windows.
            texts: text tokens of each window.
            frames: of each window, how many are not padding.
        """
        results = self._model.align(encoded, self.tokenizer.sot_sequence, texts, list(frames))
        return [self._aligned(text, result) for text, result in zip(texts, results, strict=True)]

    def _aligned(self, text: Sequence[int], result: Any) -> list[AlignedText]:
        path = np.array(result.alignments)
        is_token_start = np.concatenate([[True], np.diff(path[:, 0]) > 0])
        starts = path[is_token_start, 1] * _TIMESTAMP_S
        texts, tokens = self.tokenizer.split_tokens_on_unicode([*text, self.tokenizer.eot])
        bounds = np.cumsum([0, *(len(each) for each in tokens)])
        return [
            AlignedText(
                text=part,
                start_s=float(starts[begin]),
                end_s=float(starts[min(end, len(starts) - 1)]),
                tokens=int(end - begin),
            )
            for part, begin, end in zip(texts[:-1], bounds, bounds[1:], strict=False)
        ]


def _search_result(result: Any) -> SearchResult:
    tokens = tuple(result.sequences_ids[0])
    return SearchResult(
        tokens=tokens,
        # CTranslate2 divides the sum over the tokens and the end token by the number of tokens.
        avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
        no_speech_prob=result.no_speech_prob,
    )
