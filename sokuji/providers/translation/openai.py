"""Text translation with a language model of OpenAI or of a compatible server (vLLM, llama.cpp, ...).

Written against "Create chat completion" and "List models" of OpenAI's API reference, v1
(https://developers.openai.com/api/reference/resources/chat), and "Deprecations" for the model
(https://developers.openai.com/api/docs/deprecations), looked up 2026-11. Responses are streamed, so that a
runaway response can be stopped. Prompts and the checks of responses are in ``llm``.
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
from sokuji.metrics.cloud_usage import Unit, record_usage
from sokuji.providers import cloud, openai_api
from sokuji.providers.isolation import process_each
from sokuji.providers.translation.llm import chat_translation
from sokuji.providers.translation.llm.prompt import Message
from sokuji.providers.translation.request_validation import check_request

MAX_STREAM_BYTES = 2**21
"""Limit for a streamed response, with the JSON around each token."""
DRAIN_TIMEOUT_S = 0.1
"""Limit for reading what follows the end of a response."""
_REASONS_BY_DEFAULT = re.compile(r"gpt-(5\.[1-9]|[6-9])(?!.*chat)")

_log = logging.getLogger(__name__)


class OpenAIChat:
    """A ``Translator`` (``sokuji.contract``) that calls ``/chat/completions``."""

    def __init__(self, config: OpenAIChatConfig) -> None:
        self.config = config
        self._cloud: cloud.CloudClient | None = None

    async def load(self) -> None:
        """List the models, which is free; an unreachable server is logged and not an error.

        Raises:
            ConfigError: the key is not set.
            ProviderFailed: the key is refused, or there is no such model.
        """
        headers = openai_api.headers(self.config)
        self._cloud = cloud.CloudClient("the chat server", self.config, headers, openai_api.KEY)
        try:
            await self.check()
        except OUTAGES as error:
            _log.warning("the chat server could not be checked at start: %s", error.message)

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs.
        """
        config = check_live(self.config, config)
        self.config = config
        self._loaded.update(config)

    async def describe(self) -> TranslatorInfo:
        """All pairs of known languages; how well they are translated depends on the model."""
        return chat_translation.translator_info(self.config.provider, self.config.translation_model)

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One result for each request, in the same order."""
        return await process_each("translation", requests, self._translate_one)

    async def check(self) -> None:
        """Find the model in the server's list, which is free and also checks the address and the key.

        Raises:
            ProviderFailed: the server does not have the model.
        """
        service = self._loaded
        response = await service.send_json("GET", "/models")
        try:
            names = [str(model["id"]) for model in response["data"]]
        except (KeyError, TypeError):
            raise service.malformed_response() from None
        model = self.config.translation_model
        if model not in names:
            raise ProviderFailed(f"the chat server has no model {model!r}; it has: {listed(names)}")

    async def aclose(self) -> None:
        """Close all connections."""
        service, self._cloud = self._cloud, None
        if service:
            await service.aclose()

    @property
    def _loaded(self) -> cloud.CloudClient:
        if self._cloud is None:
            raise ProviderUnavailable("the chat server's client is not loaded")
        return self._cloud

    async def _translate_one(self, request: TranslationRequest) -> TranslatedText:
        config = self.config

        def generate(chat: list[Message], max_tokens: int) -> AsyncGenerator[str, None]:
            return _response_text(self._loaded, request, _body(chat, max_tokens, config))

        check_request(request, chat_translation.PAIRS)
        text = await chat_translation.translate(request, generate, config.max_context)
        return TranslatedText(text=text)


def _body(chat: list[Message], max_tokens: int, config: OpenAIChatConfig) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": config.translation_model,
        "messages": chat,
        "stream": True,
        config.limit_field: min(max_tokens, config.max_tokens) + config.thinking_tokens,
    }
    if openai_api.is_openai(config):
        body["stream_options"] = {"include_usage": True}
    if config.temperature is not None:
        body["temperature"] = config.temperature
    if config.reasoning_effort != "auto":
        body["reasoning_effort"] = config.reasoning_effort
    elif openai_api.is_openai(config) and _REASONS_BY_DEFAULT.match(config.translation_model):
        body["reasoning_effort"] = "none"
    return body


async def _response_text(
    service: cloud.CloudClient, origin: TranslationRequest, body: dict[str, Any]
) -> AsyncGenerator[str, None]:
    """The text of a response, part by part.

    Raises:
        ProviderUnavailable: the stream ended before the response did.
        ProviderFailed: the response reached the token limit, or the model refused.
    """
    async with aclosing(_events(service, origin, body)) as events:
        async for event in events:
            try:
                text, finish_reason = _read(event)
            except (KeyError, TypeError, AttributeError):
                raise service.malformed_response() from None
            if text:
                yield text
            if finish_reason is not None:
                if finish_reason != "stop":
                    reason = _known_reason(finish_reason)
                    raise ProviderFailed(f"the model returned an incomplete translation ({reason})")
                await _drain(events)
                return
    raise ProviderUnavailable(
        "the chat server closed the connection before the end of its response", retry_after_s=1
    )


async def _drain(events: AsyncGenerator[Any, None]) -> None:
    """Read the rest of the stream: the connection can be reused only after its end."""
    with suppress(SokujiError, TimeoutError):
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            async for _ in events:
                pass


def _read(event: dict[str, Any] | None) -> tuple[str, object]:
    """The text of an event, and its finish reason ("stop", "length", "refusal", ...), None if there is
    none."""
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
    text = delta.get("content") or ""
    if not isinstance(text, str):
        raise TypeError
    return text, choice.get("finish_reason")


def _known_reason(reason: object) -> str:
    """A finish reason for a message; the server's text is not repeated unless it is a known value."""
    known = ("length", "content_filter", "refusal", "error", "tool_calls", "function_call")
    return reason if isinstance(reason, str) and reason in known else "unknown reason"


async def _events(
    service: cloud.CloudClient, origin: TranslationRequest, body: dict[str, Any]
) -> AsyncGenerator[dict[str, Any] | None, None]:
    """The JSON of each server-sent event; None for ``[DONE]``.

    Server-sent events are specified by the HTML standard; here each event is one line.
    """
    rest = b""
    received = 0
    async with aclosing(service.stream("POST", "/chat/completions", origin, json=body)) as stream:
        async for data in stream:
            received += len(data)
            if received > MAX_STREAM_BYTES:
                raise ProviderFailed(f"the chat server sent more than {MAX_STREAM_BYTES:,} bytes")
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if not line.startswith(b"data:"):
                    continue
                value = line.removeprefix(b"data:").strip()
                event = None if value == b"[DONE]" else _parse_event(service, value)
                _count_tokens(event)
                yield event


def _count_tokens(event: dict[str, Any] | None) -> None:
    """Count the tokens that an event reports: the last one of a response does, where the server can."""
    usage = event.get("usage") if event else None
    if not isinstance(usage, dict):
        return
    units: tuple[tuple[Unit, str], ...] = (
        ("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens"),
    )  # fmt: skip
    for unit, field in units:
        if isinstance(tokens := usage.get(field), int) and tokens > 0:
            record_usage("translation", "openai", unit, tokens)


def _parse_event(service: cloud.CloudClient, data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        raise service.malformed_response() from None
    if not isinstance(event, dict):
        raise service.malformed_response()
    return event
