"""What any translator refuses, whatever its model: texts that are none, and pairs that it does not know."""

from collections.abc import Collection

from sokuji.contract import TranslationRequest
from sokuji.errors import InvalidRequest, UnsupportedLanguage, listed


def check(request: TranslationRequest, pairs: Collection[tuple[str, str]]) -> None:
    """Refuse what no model could translate.

    Raises:
        InvalidRequest: the text is no text.
        UnsupportedLanguage: the pair is not among ``pairs``.
    """
    try:
        request.text.encode()
    except UnicodeEncodeError:
        raise InvalidRequest("the text holds half of a surrogate pair", param="text") from None
    if (request.source, request.target) not in pairs:
        accepted = listed([f"{source} to {target}" for source, target in pairs])
        raise UnsupportedLanguage(
            f"{request.source} to {request.target} is not translated here; accepted: {accepted}",
            param="target_language",
        )


def has_words(text: str) -> bool:
    """Whether there is anything to translate."""
    return any(map(str.isalnum, text))
