"""What answers of recognition services have in common: names of languages, words, how sure they are."""

import math
from typing import Any

import pytest

from sokuji.contract import RecognitionRequest, Transcript, Word
from sokuji.errors import UnsupportedLanguage
from sokuji.languages import LANGUAGES
from sokuji.providers.stt.cloud_transcript import weighted_mean, words_with_punctuation
from sokuji.providers.stt.openai.responses import TranscriptionResponse, language_code, to_transcript


def test_every_language_is_known_by_its_names() -> None:
    for entry in LANGUAGES.values():
        names = (entry.name, entry.name.lower(), entry.code, entry.whisper or entry.code)
        assert {language_code(name) for name in names} == {entry.code}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Mandarin", "zh"),
        ("nynorsk", "nn"),
        ("chinese", "zh"),
        ("javanese", "jv"),
        ("haitian creole", "ht"),
        ("pt-BR", "pt"),
        ("myanmar", "my"),
    ],
)
def test_a_language_is_known_by_its_other_names(name: str, code: str) -> None:
    assert language_code(name) == code


@pytest.mark.parametrize(
    ("text", "reported", "words"),
    [
        ("¿Qué? ¡Nada!", ["Qué", "Nada"], ["¿Qué?", "¡Nada!"]),
        ("It costs 20 euros.", ["It", "costs", "twenty", "euros"], ["It", "costs 20", "euros."]),
        ("電車は遅い。駅", ["電車", "は", "遅い", "駅"], ["電車", "は", "遅い。", "駅"]),
        ("twenty-one - or so", [" twenty", "one", "or ", "so"], ["twenty-", "one -", "or", "so"]),
        ("a cat and a dog", ["a", "cat", "and", "a", "dog"], ["a", "cat", "and", "a", "dog"]),
        ("so long " + "x" * 40 + " so", ["no", "so"], ["so long " + "x" * 40 + " so"]),
        ("Hello.", ["", "Bye"], []),
        ("", ["Bye"], []),
    ],
)
def test_words_have_the_punctuation_of_the_text(text: str, reported: list[str], words: list[str]) -> None:
    timed = words_with_punctuation(
        text, [Word(word, place, place + 1) for place, word in enumerate(reported)]
    )
    assert [word.text for word in timed] == words
    assert [word.start_ms for word in timed] == sorted({word.start_ms for word in timed})


@pytest.mark.parametrize("name", [None, "", " ", "klingon", "xx"])
def test_an_unknown_language_name_is_refused(name: str | None) -> None:
    with pytest.raises(UnsupportedLanguage) as caught:
        language_code(name)
    assert caught.value.param == "language"


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([(0.5, 1), (1, 3)], 0.875),
        ([(0.5, 0), (1, 0)], 0.75),
        ([(0.5, -1)], 0.5),
        ([(0, 1), (0.5, 1)], 0.25),
        ([(0, 1), (0, 1)], None),
        ([(0.5, 1), (None, 1)], None),
        ([(float("nan"), 1)], None),
        ([], None),
    ],
)
def test_a_mean_of_missing_or_zero_values_is_none(
    values: list[tuple[float | None, float]], mean: float | None
) -> None:
    assert weighted_mean(values) == (None if mean is None else pytest.approx(mean))


SEGMENT = {"text": " Olá.", "start": 0, "end": 1}


@pytest.mark.parametrize(
    ("more", "confidence"),
    [
        ({}, None),
        ({"segments": None, "words": None, "logprobs": None}, None),
        ({"segments": [], "logprobs": []}, None),
        ({"segments": [SEGMENT]}, None),
        ({"segments": [{**SEGMENT, "avg_logprob": 0.0}]}, None),
        ({"segments": [{**SEGMENT, "avg_logprob": float("nan")}]}, None),
        ({"segments": [{**SEGMENT, "avg_logprob": -1.0, "end": 0}]}, math.exp(-1)),
        ({"segments": [{**SEGMENT, "avg_logprob": 0.1, "end": "1.5"}]}, 1),
        ({"logprobs": [{"logprob": -1}, {"logprob": -3}]}, math.exp(-2)),
        ({"logprobs": [{"logprob": -1}, {"token": "a"}]}, None),
    ],
)
def test_the_confidence_comes_from_reported_probabilities_or_is_none(
    more: dict[str, Any], confidence: float | None
) -> None:
    request = RecognitionRequest(pcm=b"", language="pt")
    heard = to_transcript(TranscriptionResponse.model_validate({"text": " Olá. ", **more}), request)
    assert heard.text == "Olá."
    assert all(segment.text == "Olá." for segment in heard.segments)
    assert heard.confidence == (None if confidence is None else pytest.approx(confidence))


def test_silence_is_an_empty_text_with_or_without_a_language() -> None:
    silence = TranscriptionResponse.model_validate(
        {"text": " ", "languages": [], "logprobs": [{"logprob": -1}]}
    )
    for code in (None, "pt"):
        heard = to_transcript(silence, RecognitionRequest(pcm=b"", language=code))
        assert heard == Transcript(text="", language=code or "")
