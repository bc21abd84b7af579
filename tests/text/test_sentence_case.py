"""A clause within a sentence begins with a small letter, unless its first word has a capital everywhere."""

import pytest

from sokuji.text.sentence_case import continued, ends_sentence


@pytest.mark.parametrize(
    ("translation", "source", "language", "expected"),
    [
        ("Você pode ir", "you can go", "pt", "você pode ir"),
        ("“Onde fica”", "where is it", "pt", "“onde fica”"),
        ("¿Dónde está?", "where is it", "es", "¿dónde está?"),
        ("Élan vital", "vigour", "fr", "élan vital"),
        ("I can go", "eu posso ir", "en", "I can go"),
        ("I'm here", "estou aqui", "en", "I'm here"),
        ("Monday is free", "segunda está livre", "en", "Monday is free"),
        ("English is easy", "inglês é fácil", "en", "English is easy"),
        ("Maria vai", "Mary goes", "pt", "Maria vai"),
        ("USA wins", "ganham os eua", "en", "USA wins"),
        ("Häuser stehen dort", "houses stand there", "de", "Häuser stehen dort"),
        ("você pode", "you can", "pt", "você pode"),
        ("12 casas", "12 houses", "pt", "12 casas"),
        ("", "you can", "pt", ""),
        ("你好", "hello", "zh", "你好"),
    ],
)
def test_the_first_letter_of_a_continued_sentence(
    translation: str, source: str, language: str, expected: str
) -> None:
    assert continued(translation, source, language) == expected


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("He left.", True),
        ("Why?”", True),
        ("好。", True),
        ("he left,", False),
        ("", False),
        ("3.5 or", False),
    ],
)
def test_a_mark_ends_a_sentence(text: str, ends: bool) -> None:
    assert ends_sentence(text) is ends
