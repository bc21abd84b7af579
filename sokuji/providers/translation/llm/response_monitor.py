"""Follows a language model's response while it is generated, and stops one that cannot be a translation.
Pure."""

import re

from sokuji.contract import TranslationRequest
from sokuji.errors import ProviderFailed
from sokuji.providers.translation.llm.prompt import escape, unescape
from sokuji.providers.translation.llm.response_cleanup import extract_translation, letter_count

MAX_REASONING_CHARACTERS = 20_000
"""Limit for the reasoning that a model writes before its response."""
_CHECK_INTERVAL = 64
"""A growing response is checked each time it has grown by this many characters."""

_REASONING = re.compile(r"\s*<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL)
# The chat templates of some models contain the opening tag, so that the response has only the closing one.
_REASONING_END = "</think>"
_REPETITION = re.compile(r"(.{4,60}?)\1{5}", re.DOTALL)
_LONGEST_REPETITION = 6 * 60


class ResponseMonitor:
    """Collects a response part by part, and returns the translation that it contains."""

    def __init__(self, request: TranslationRequest) -> None:
        self._source = request.text
        self._pair = request.source, request.target
        self._source_letters = letter_count(request.text)
        self._max_characters = 100 + 3 * self._source_letters
        self._response = ""
        self._checked_length = 0
        self._fault = ""

    def feed(self, part: str) -> bool:
        """Add the next part of the response; False if it cannot be a translation and must be stopped."""
        self._response += part
        if len(self._response) >= self._checked_length + _CHECK_INTERVAL:
            self._check()
        return not self._fault

    def result(self) -> str:
        """The translation, once the response is complete.

        Raises:
            ProviderFailed: the response is not a translation.
        """
        self._check()
        if self._fault:
            raise ProviderFailed(f"the model returned no translation: its response {self._fault}")
        answer = self._answer()
        if escape(self._source) != self._source:
            answer = unescape(answer)
        return extract_translation(answer, self._source, self._pair)

    def _check(self) -> None:
        self._checked_length = len(self._response)
        answer = self._answer()
        if len(self._response) - len(answer) > MAX_REASONING_CHARACTERS:
            self._fault = "is thought without end"
        elif len(answer) > self._max_characters:
            self._fault = "is far longer than the text"
        elif self._repeats_itself(answer):
            self._fault = "repeats itself"

    def _repeats_itself(self, answer: str) -> bool:
        """Whether the end of the answer is a repetition that the source does not have."""
        if not _REPETITION.search(answer[-_LONGEST_REPETITION - _CHECK_INTERVAL :]):
            return False
        return letter_count(answer) > 40 + self._source_letters and not _REPETITION.search(self._source)

    def _answer(self) -> str:
        """The response without the model's reasoning before it."""
        if match := _REASONING.match(self._response):
            return self._response[match.end() :]
        return self._response.rpartition(_REASONING_END)[2]
