"""OpenAI's chat completions, streamed, and its list of models, as the API reference describes them.

https://developers.openai.com/api/reference/resources/chat, looked up 2026-11.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.support.cloud.server import KEY, Exchange, Fault, Request, Response, events, reply

MODEL = "gpt-6-luna"
PARAMETERS = {
    "model", "messages", "stream", "stream_options", "temperature", "reasoning_effort",
    "max_completion_tokens", "max_tokens",
}  # fmt: skip
USUAL = ["Bom ", "dia", ", meu ", "amigo."]
"""What the model says to "Good morning, my friend.", token by token."""


def refusal(code: int, kind: str, message: str) -> Response:
    """An error as the service words it."""
    return reply({"error": {"message": message, "type": kind, "param": None, "code": None}}, code)


def chunk(content: str | None = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    """One event of a stream."""
    delta = {} if content is None else {"content": content}
    return {
        "id": "chatcmpl-123",
        "object": "chat.completion.chunk",
        "created": 1_694_268_190,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta | more, "logprobs": None, "finish_reason": reason}],
    }


@dataclass
class Model:
    """A server with one model, which gives the answers in turn; then it turns the words of a text round."""

    key: str | None = KEY
    """None: none is needed."""
    answers: list[list[str]] = field(default_factory=list)

    async def handle(self, request: Request) -> Response:
        """Answer as the service does."""
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return refusal(401, "invalid_request_error", "Incorrect API key provided")
        match request.method, request.path:
            case "GET", "/v1/models":
                model = {"id": MODEL, "object": "model", "created": 1_686_935_002, "owned_by": "openai"}
                return reply({"object": "list", "data": [model]})
            case "POST", "/v1/chat/completions":
                return self._complete(request.json())
        return refusal(404, "invalid_request_error", "Unknown request URL")

    def _complete(self, wanted: dict[str, Any]) -> Response:
        if unknown := wanted.keys() - PARAMETERS:
            return refusal(400, "invalid_request_error", f"Unrecognized request arguments: {sorted(unknown)}")
        if wanted["model"] != MODEL:
            return refusal(404, "invalid_request_error", "The model does not exist")
        if not wanted.get("stream"):
            return refusal(400, "invalid_request_error", "only streams are played here")
        tokens = self.answers.pop(0) if self.answers else _translation(wanted["messages"][-1]["content"])
        limit = wanted.get("max_completion_tokens", wanted.get("max_tokens", len(tokens)))
        reason = "length" if len(tokens) > limit else "stop"
        said = [chunk(token) for token in tokens[:limit]]
        usage = _usage(wanted, len(said)) if wanted.get("stream_options", {}).get("include_usage") else []
        return events(chunk("", role="assistant", refusal=None), *said, chunk(reason=reason), *usage)


def _usage(wanted: dict[str, Any], output: int) -> list[dict[str, Any]]:
    """The last event of a stream whose request asks for it: tokens are words here."""
    prompt = sum(len(each["content"].split()) for each in wanted["messages"])
    tokens = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return [chunk() | {"choices": [], "usage": tokens}]


def _translation(content: str) -> list[str]:
    text = content.partition("<text>\n")[2].partition("\n</text>")[0]
    return USUAL if text == "Good morning, my friend." else [f"{word} " for word in reversed(text.split())]


def sends(response: Response) -> Fault:
    """Sends this response instead."""

    async def fault(exchange: Exchange) -> None:
        await exchange.send(response)

    return fault
