"""Which languages a Whisper model lists although their transcripts are unusable."""

from sokuji.providers.stt.whisper_quality import needs_full_window, unusable_languages

LISTED = ("en", "hi", "la", "pt", "yo")


def test_languages_that_the_largest_model_does_not_manage_are_unusable_with_any() -> None:
    assert unusable_languages("large-v3", LISTED) == ("la", "yo")
    assert unusable_languages("my/own-folder", LISTED) == ("la", "yo")


def test_small_models_manage_fewer() -> None:
    assert unusable_languages("base", LISTED) == ("hi", "la", "yo")


def test_no_more_is_known_of_a_model_than_was_measured_with_it() -> None:
    assert needs_full_window("base", "zh")
    assert not needs_full_window("base", "es")
    assert not needs_full_window("large-v3", "zh")
