"""Which languages may be spoken, and which candidates of a client are refused."""

from dataclasses import replace

import pytest

from sokuji.errors import InvalidRequest, UnsupportedLanguage
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.language_candidates import candidates, check_candidates, unusable_languages
from tests.support.fake_stages import FakeStt, ready_pipeline


async def catalogue(*, unusable: tuple[str, ...] = (), translates: bool = False) -> Catalogue:
    """Recognises en, es, fr, pt; translates pt to en and en to pt."""
    stt = FakeStt()
    translates_to = ("en",) if translates else ()
    stt.info = replace(stt.info, translates_to=translates_to, unusable_languages=unusable)
    return (await ready_pipeline(stt)).catalogue


async def test_candidates_are_the_languages_with_a_route_to_a_target() -> None:
    assert candidates(await catalogue(), targets=["en"]).keys() == {"en", "pt"}
    assert candidates(await catalogue(translates=True), targets=["en"]).keys() == {"en", "es", "fr", "pt"}
    assert candidates(await catalogue()).keys() == {"en", "es", "fr", "pt"}


async def test_languages_that_are_named_are_the_only_candidates() -> None:
    assert candidates(await catalogue(unusable=("fr",)), ["fr", "pt"]) == {"fr": 1, "pt": 1}


async def test_a_language_of_unusable_quality_is_less_probable() -> None:
    weights = candidates(await catalogue(unusable=("fr",)))
    assert weights["fr"] < weights["pt"] / 10
    assert unusable_languages(await catalogue(unusable=("fr",))) == {"fr"}


async def test_a_candidate_without_a_route_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(
        UnsupportedLanguage, match="'fr' cannot be detected and translated to en.*en, pt"
    ) as e:
        check_candidates(await catalogue(), None, ["pt", "fr"], ["en"])
    assert e.value.param == "source_languages"
    check_candidates(await catalogue(), None, ["pt", "en"], ["en"])


async def test_a_candidate_that_is_not_recognised_is_refused() -> None:
    with pytest.raises(UnsupportedLanguage, match="'yo' cannot be detected here; accepted: en, es"):
        check_candidates(await catalogue(), None, ["yo"])


async def test_candidates_and_a_source_language_exclude_each_other() -> None:
    with pytest.raises(InvalidRequest, match="need language auto, not 'pt'") as caught:
        check_candidates(await catalogue(), "pt", ["pt", "en"], param="language")
    assert caught.value.param == "source_languages"
    check_candidates(await catalogue(), "pt", [])
