"""The Markdown tables of ``language_quality``."""

from load_tests.language_quality import VoiceQuality, recognition_table, voice_table
from load_tests.measurements.word_errors import ErrorCount


def test_recognition_has_a_row_per_language_in_words_or_characters() -> None:
    figures = {"words": 200, "error_rate": {"ours": 0.05, "plain": 0.061}}
    assert list(recognition_table({"pt": figures, "ja": figures})) == [
        "| language | words | this recogniser | plain faster-whisper |",
        "| --- | ---: | ---: | ---: |",
        "| Portuguese | 200 | 5.0% | 6.1% |",
        "| Japanese | 200 | 5.0% CER | 6.1% CER |",
    ]


def test_voices_have_a_column_per_language_empty_where_they_do_not_speak_it() -> None:
    voices = [
        VoiceQuality("piper joe", "en", ErrorCount(1, 10)),
        VoiceQuality("kokoro alpha", "en", ErrorCount(0, 10)),
        VoiceQuality("kokoro alpha", "ja", ErrorCount(3, 10)),
    ]
    assert list(voice_table(voices)) == [
        "| voice | English | Japanese |",
        "| --- | ---: | ---: |",
        "| piper joe | 10.0% |  |",
        "| kokoro alpha | 0.0% | 30.0% CER |",
    ]
