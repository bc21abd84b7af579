"""Which languages may be spoken where the client names none: the candidates of language detection."""

from collections.abc import Collection

from sokuji.errors import InvalidRequest, UnsupportedLanguage, listed
from sokuji.pipeline.catalogue import Catalogue

_UNUSABLE_WEIGHT = 0.05
"""How probable a language is whose transcripts are unusable, relative to others: few speak it to a service
that cannot write it, and noise is often taken for one of them."""


def candidates(
    catalogue: Catalogue, named: Collection[str] = (), targets: Collection[str] = ()
) -> dict[str, float]:
    """The languages that may be spoken, each with its relative probability before anything has been heard.

    Args:
        named: those that the client names; none: all that are recognised and have a route to a target.
        targets: languages to translate to; none: the speech is not translated.
    """
    if named:
        return dict.fromkeys(named, 1.0)
    unusable = unusable_languages(catalogue)
    return {
        code: _UNUSABLE_WEIGHT if code in unusable else 1.0
        for code in catalogue.spoken
        if not targets or any(catalogue.can_translate(code, target) for target in targets)
    }


def check_candidates(
    catalogue: Catalogue,
    source: str | None,
    named: Collection[str],
    targets: Collection[str] = (),
    *,
    param: str = "source_language",
    named_param: str = "source_languages",
) -> None:
    """Refuse candidates that can never be detected or translated.

    The preferred recogniser decides, as in ``Catalogue.check_recognition_context``: a language that only a
    fallback knows would not be detected while the preferred one works.

    Args:
        source: the language spoken; None: it is detected.
        named: the candidates that the client names, as canonical codes; none: nothing is refused.
        targets: languages to translate to; each candidate must have a route to each of them.
        param: the request field of ``source``, for the error.
        named_param: the request field of ``named``, for the error.

    Raises:
        InvalidRequest: the client names the language spoken as well.
        UnsupportedLanguage: the message lists the accepted languages.
    """
    if source is not None and named:
        raise InvalidRequest(
            f"{named_param} are the candidates of detection: they need {param} auto, not {source!r}",
            param=named_param,
        )
    accepted = [
        code
        for code in (catalogue.stt[0].info.languages if catalogue.stt else ())
        if all(catalogue.can_translate(code, target) for target in targets)
    ]
    for code in named:
        if code not in accepted:
            others = [target for target in targets if target != code]
            translated = f" and translated to {', '.join(others)}" if others else ""
            raise UnsupportedLanguage(
                f"{named_param}: speech in {code!r} cannot be detected{translated} here; accepted: "
                f"{listed(accepted) or 'none'}",
                param=named_param,
            )


def unusable_languages(catalogue: Catalogue) -> frozenset[str]:
    """Languages whose transcripts are known to be unusable with every recogniser that lists them."""
    usable = {
        code
        for member in catalogue.stt
        for code in member.info.languages
        if code not in member.info.unusable_languages
    }
    return frozenset(catalogue.spoken) - usable
