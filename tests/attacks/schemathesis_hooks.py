"""What schemathesis is told of this service; it runs in an environment of its own."""

from typing import Any

import schemathesis

MEANINGS = frozenset(
    {"invalid_audio", "model_not_found", "no_speech", "no_voice", "not_recognised", "not_supported"}
    | {"unknown_voice", "unsupported_language"}
)
"""Codes of what a schema cannot say: which voices, languages and models there are, what a file holds."""
CONDITIONAL = frozenset(
    {"glossary", "sdp", "subtitles", "timestamp_granularities", "word_times"}
    | {"model", "session", "session.model"}
)
"""Fields whose value depends on others, on what is served, or has a syntax of its own."""
LIBRETRANSLATE = ("/translate", "/detect", "/languages", "/download_file/", "/frontend/")
"""Paths whose errors are texts."""
SHOWN_BYTES = 300


@schemathesis.hook
def before_load_schema(context: object, raw_schema: dict[str, Any]) -> None:
    """Write pairs as arrays of strings: schemathesis 4.32 turns ``prefixItems`` into what it then refuses."""
    _write_pairs(raw_schema)


def _write_pairs(node: object) -> None:
    if isinstance(node, dict):
        if parts := node.pop("prefixItems", None):
            node["items"] = parts[0]
        for child in node.values():
            _write_pairs(child)
    elif isinstance(node, list):
        for child in node:
            _write_pairs(child)


@schemathesis.check
def what_the_document_allows_is_understood(ctx: object, response: Any, case: Any) -> None:
    """What the document allows is refused for its meaning only."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code < 400:
        return
    error = response.json()["error"]
    if isinstance(error, str):
        # LibreTranslate's errors have no codes.
        return
    is_meant = error["code"] in MEANINGS or error["param"] in CONDITIONAL
    assert is_meant, f"{response.status_code}: {response.content[:SHOWN_BYTES]!r}"


@schemathesis.check
def errors_have_the_shape_of_their_door(ctx: object, response: Any, case: Any) -> None:
    """Each error has a code and says what is wrong."""
    if response.status_code < 400 or response.request.method == "HEAD":
        return
    error, path = response.json()["error"], case.operation.path
    if path.startswith(LIBRETRANSLATE):
        assert isinstance(error, str), error
        return
    door = {"type"} if path.startswith("/v1/") else set()
    assert set(error) == {"code", "message", "param"} | door, error
    assert error["code"], error
    assert error["message"], error
