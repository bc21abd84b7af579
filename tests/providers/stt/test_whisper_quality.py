"""Which languages a Whisper model lists although their transcripts are unusable."""

from sokuji.providers.stt.whisper_quality import unusable_languages

LISTED = ("en", "hi", "la", "pt", "yo")


def test_languages_that_the_largest_model_does_not_manage_are_unusable_with_any() -> None:
    assert unusable_languages("large-v3", LISTED) == ("la", "yo")
    assert unusable_languages("my/own-folder", LISTED) == ("la", "yo")


def test_small_models_manage_fewer() -> None:
    assert unusable_languages("base", LISTED) == ("hi", "la", "yo")
