"""Greedy decoding for the recogniser; see ``GreedyDecoder`` of ``search_terms``."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from sokuji.providers.stt.whisper.encoding import EncoderOutput
from sokuji.providers.stt.whisper.greedy.decoder import OnnxDecoder, load_decoder
from sokuji.providers.stt.whisper.greedy.search import Found, GreedySearch, Start
from sokuji.providers.stt.whisper.greedy.token_rules import TokenRules
from sokuji.providers.stt.whisper.search_terms import Prompt, SearchResult

_NO_SPEECH = ("<|nospeech|>", "<|nocaptions|>")
"""The token's name has changed."""


class OnnxGreedyDecoder:
    """A ``GreedyDecoder`` under ONNX Runtime."""

    def __init__(self, decoder: OnnxDecoder, tokenizer: Tokenizer, not_first: Sequence[int]) -> None:
        """
        Args:
            not_first: tokens with which no text begins.
        """
        self._decoder = decoder
        self._start = _token(tokenizer, "<|startoftranscript|>")
        self._rules = TokenRules(
            end=_token(tokenizer, "<|endoftext|>"),
            no_speech=_token(tokenizer, *_NO_SPEECH),
            no_timestamps=_token(tokenizer, "<|notimestamps|>"),
            not_first=not_first,
        )

    def search(
        self,
        encoded: Sequence[EncoderOutput],
        prompts: Sequence[Prompt],
        suppressed: Sequence[int],
        limit: int,
    ) -> list[SearchResult]:
        """See ``GreedyDecoder``."""
        search = GreedySearch(self._decoder, self._rules, suppressed, limit, timed=prompts[0].timed)
        starts = [
            Start(
                prompt=prompt.tokens,
                draft=prompt.draft,
                transcript_at=prompt.tokens.index(self._start),
            )
            for prompt in prompts
        ]
        found = search.run(np.stack([each.rows for each in encoded]), starts)
        return [_result(each) for each in found]


def load_greedy_decoder(folder: Path, tokenizer: Tokenizer) -> OnnxGreedyDecoder | None:
    """The decoder of a model that is in a folder; None, with a warning, if its file is of another form.

    Raises:
        OSError, ValueError: the folder is incomplete.
    """
    decoder = load_decoder(folder / "model.bin")
    if decoder is None:
        return None
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return OnnxGreedyDecoder(decoder, tokenizer, config.get("suppress_ids_begin", ()))


def _token(tokenizer: Tokenizer, *names: str) -> int:
    found = (tokenizer.token_to_id(name) for name in names)
    return next(token for token in found if token is not None)


def _result(found: Found) -> SearchResult:
    tokens = tuple(found.tokens)
    return SearchResult(
        tokens=tokens,
        avg_logprob=found.logprob / (len(tokens) + 1),
        no_speech_prob=found.no_speech_prob,
    )
