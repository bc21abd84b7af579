"""Checks of a translation request that are the same for all translators."""

from collections.abc import Collection

from sokuji.contract import TranslationRequest
from sokuji.errors import InvalidRequest, NotSupported, UnsupportedLanguage, listed


def check_request(request: TranslationRequest, pairs: Collection[tuple[str, str]]) -> None:
    """Refuse a request that no model could translate.

    Raises:
        InvalidRequest: the text is not valid Unicode.
        UnsupportedLanguage: the language pair is not in ``pairs``.
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


def check_plain_request(request: TranslationRequest, pairs: Collection[tuple[str, str]]) -> None:
    """As ``check_request``, for translators that support neither context nor glossary.

    Raises:
        NotSupported: the request has a context or a glossary.
    """
    check_request(request, pairs)
    if request.context:
        raise NotSupported("this translator does not support context", param="context")
    if request.glossary:
        raise NotSupported("this translator does not support a glossary", param="glossary")
