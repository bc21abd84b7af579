"""Text translation by a language model behind OpenAI's protocol: OpenAI, vLLM, llama.cpp, Ollama, ...

Written against "Create chat completion" and "List models" of OpenAI's API reference, v1
(https://developers.openai.com/api/reference/resources/chat), and "Deprecations" for the model
(https://developers.openai.com/api/docs/deprecations), looked up 2026-11. Answers are streamed, so that a
model that runs away is stopped. What it is asked and what of its answer counts is in ``prompt``.
"""

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any

from sokuji.config import OpenAIChatConfig, Settings, check_live
from sokuji.contract import TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import OUTAGES, ProviderFailed, ProviderUnavailable, SokujiError, listed
from sokuji.providers import cloud, openai
from sokuji.providers.isolation import answers
from sokuji.providers.translation import validation
from sokuji.providers.translation.llm import prompt

MOST_ANSWER_BYTES = 2**21
"""With all that the protocol puts around each token."""
LONGEST_FAREWELL_S = 0.1
"""For what comes behind an answer."""
_THINKS_UNLESS_TOLD = re.compile(r"gpt-(5\.[1-9]|[6-9])(?!.*chat)")

log = logging.getLogger(__name__)


class OpenAIChat:
    """A model behind ``/chat/completions``; see ``Translator`` for the contract."""

    def __init__(self, config: OpenAIChatConfig) -> None:
        self.config = config
        self._cloud: cloud.CloudClient | None = None

    async def load(self) -> None:
        """Ask for the models, which costs nothing; a server that is away is not waited for.

        Raises:
            ConfigError: the key is not set.
            ProviderFailed: the key is refused, or there is no such model.
        """
        headers = openai.headers(self.config)
        self._cloud = cloud.CloudClient("the chat server", self.config, headers, openai.KEY)
        try:
            await self.check()
        except OUTAGES as error:
            log.warning("the model could not be tried: %s", error.message)

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs.
        """
        config = check_live(self.config, config)
        self.config = config
        self._loaded.update(config)

    async def describe(self) -> TranslatorInfo:
        """Any language of the table into any other: how well depends on the model."""
        return prompt.abilities(self.config.provider, self.config.translation_model)

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One answer for each request, in the same order."""
        return await answers("translation", requests, self._answer)

    async def check(self) -> None:
        """Look for the model in the server's list: address, key and name are good. Nothing is computed."""
        service = self._loaded
        answer = await service.send_json("GET", "/models")
        try:
            names = [str(model["id"]) for model in answer["data"]]
        except (KeyError, TypeError):
            raise service.malformed() from None
        if self.config.translation_model not in names:
            wanted = self.config.translation_model
            raise ProviderFailed(f"the chat server has no model {wanted!r}; it has: {listed(names)}")

    async def aclose(self) -> None:
        """End all connections."""
        service, self._cloud = self._cloud, None
        if service:
            await service.aclose()

    @property
    def _loaded(self) -> cloud.CloudClient:
        if self._cloud is None:
            raise ProviderUnavailable("the chat server's client is not loaded")
        return self._cloud

    async def _answer(self, request: TranslationRequest) -> TranslatedText:
        config = self.config

        def ask(chat: list[prompt.Message], most_tokens: int) -> AsyncGenerator[str, None]:
            return _said(self._loaded, _body(chat, most_tokens, config))

        validation.check(request, prompt.PAIRS)
        return TranslatedText(text=await prompt.translate(request, ask, config.max_context))


def _body(chat: list[prompt.Message], most_tokens: int, config: OpenAIChatConfig) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": config.translation_model,
        "messages": chat,
        "stream": True,
        config.limit_field: min(most_tokens, config.max_tokens) + config.thinking_tokens,
    }
    if config.temperature is not None:
        body["temperature"] = config.temperature
    if config.reasoning_effort != "auto":
        body["reasoning_effort"] = config.reasoning_effort
    elif openai.is_openai(config) and _THINKS_UNLESS_TOLD.match(config.translation_model):
        body["reasoning_effort"] = "none"
    return body


async def _said(service: cloud.CloudClient, body: dict[str, Any]) -> AsyncGenerator[str, None]:
    """The pieces of an answer that comes to its end.

    Raises:
        ProviderUnavailable: the answer broke off.
        ProviderFailed: the model did not come to an end, or would not answer.
    """
    async with aclosing(_events(service, body)) as events:
        async for event in events:
            try:
                piece, reason = _read(event)
            except (KeyError, TypeError, AttributeError):
                raise service.malformed() from None
            if piece:
                yield piece
            if reason is not None:
                if reason != "stop":
                    raise ProviderFailed(f"the model gave no whole translation ({_reason(reason)})")
                await _finish(events)
                return
    raise ProviderUnavailable("the chat server broke off in its answer", retry_after_s=1)


async def _finish(events: AsyncGenerator[Any, None]) -> None:
    """Read what is behind an answer: a connection that is left in the middle cannot be used again."""
    with suppress(SokujiError, TimeoutError):
        async with asyncio.timeout(LONGEST_FAREWELL_S):
            async for _ in events:
                pass


def _read(event: dict[str, Any] | None) -> tuple[str, object]:
    """What an event adds, and why it is the last: "stop", "length", "refusal", ...; None: it is not."""
    if event is None:
        return "", "stop"
    if event.get("error"):
        return "", "error"
    if not event["choices"]:
        return "", None
    choice = event["choices"][0]
    delta = choice.get("delta") or {}
    if delta.get("refusal"):
        return "", "refusal"
    piece = delta.get("content") or ""
    if not isinstance(piece, str):
        raise TypeError
    return piece, choice.get("finish_reason")


def _reason(reason: object) -> str:
    known = ("length", "content_filter", "refusal", "error", "tool_calls", "function_call")
    return reason if isinstance(reason, str) and reason in known else "unknown reason"


async def _events(
    service: cloud.CloudClient, body: dict[str, Any]
) -> AsyncGenerator[dict[str, Any] | None, None]:
    """The JSON of each server-sent event; None: ``[DONE]``.

    The format is that of the HTML standard, section "Server-sent events"; each event here is one line.
    """
    rest = b""
    size = 0
    async with aclosing(service.stream("POST", "/chat/completions", json=body)) as pieces:
        async for piece in pieces:
            size += len(piece)
            if size > MOST_ANSWER_BYTES:
                raise ProviderFailed(f"the chat server sent more than {MOST_ANSWER_BYTES:,} bytes")
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if not line.startswith(b"data:"):
                    continue
                data = line.removeprefix(b"data:").strip()
                yield None if data == b"[DONE]" else _parsed(service, data)


def _parsed(service: cloud.CloudClient, data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        raise service.malformed() from None
    if not isinstance(event, dict):
        raise service.malformed()
    return event
