"""The prior of language detection: what has been heard is expected, the latest most; nothing is excluded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.pipeline.heard_languages import HeardLanguages

CANDIDATES = dict.fromkeys(("de", "en", "pt"), 1.0)
SPOKEN = st.lists(st.tuples(st.sampled_from(["de", "en", "pt", "fr"]), st.integers(1, 60_000)), max_size=20)


def heard(*spoken: tuple[str, int]) -> HeardLanguages:
    languages = HeardLanguages()
    for language, duration_ms in spoken:
        languages.add(language, duration_ms)
    return languages


def test_before_anything_is_heard_the_candidates_have_their_own_weights() -> None:
    prior = HeardLanguages().prior({"en": 1.0, "la": 0.05})
    assert prior["la"] / prior["en"] == pytest.approx(0.05)


@given(SPOKEN)
def test_the_prior_has_exactly_the_candidates_and_excludes_none(spoken: list[tuple[str, int]]) -> None:
    prior = heard(*spoken).prior(CANDIDATES)
    assert prior.keys() == CANDIDATES.keys()
    assert all(weight > 0 for weight in prior.values())
    # However long one language was spoken, another one can still be detected.
    assert max(prior.values()) / min(prior.values()) <= 11


@given(SPOKEN, st.sampled_from(["de", "en", "pt"]))
def test_hearing_a_language_never_makes_it_less_expected(
    spoken: list[tuple[str, int]], language: str
) -> None:
    def share(languages: HeardLanguages) -> float:
        prior = languages.prior(CANDIDATES)
        return prior[language] / sum(prior.values())

    languages = heard(*spoken)
    before = share(languages)
    languages.add(language, 3_000)
    assert share(languages) >= before - 1e-9


def test_the_language_heard_last_is_expected_most() -> None:
    prior = heard(("pt", 20_000), ("en", 20_000)).prior(CANDIDATES)
    assert prior["en"] > prior["pt"] > prior["de"]
