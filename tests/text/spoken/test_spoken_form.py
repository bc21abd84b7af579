"""Digits, signs and abbreviations become words of the language, and words stay as they are."""

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from load_tests.scenarios.written_texts import LANGUAGES as TABLES
from load_tests.scenarios.written_texts import WrittenText, written_texts
from sokuji.text.roman import roman_value
from sokuji.text.spoken.lexicons import LEXICONS
from sokuji.text.spoken.numerals import reader
from sokuji.text.spoken.spoken_form import spoken_form

SENTENCES = [each for language in TABLES for each in written_texts(language)]
SPELLED = ("en", "es", "fr", "it", "pt")
"""The languages with a table of sentences."""


@pytest.mark.parametrize("text", SENTENCES, ids=lambda text: f"{text.language} {text.written}")
def test_a_written_sentence_has_its_words(text: WrittenText) -> None:
    assert spoken_form(text.written, text.language) == text.spoken


@pytest.mark.parametrize("text", SENTENCES, ids=lambda text: f"{text.language} {text.written}")
def test_words_are_their_own_spoken_form(text: WrittenText) -> None:
    assert spoken_form(text.spoken, text.language) == text.spoken


def test_each_of_the_five_languages_has_sixty_sentences() -> None:
    assert {language: len(written_texts(language)) >= 60 for language in TABLES} == dict.fromkeys(
        SPELLED, True
    )


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("en", "It rose from -3 to 5.", "It rose from minus three to five."),
        ("en", "US$3.50 or CHF 20", "three dollars and fifty cents or twenty Swiss francs"),
        ("en", "Act V of Rocky IV", "Act five of Rocky four"),
        ("en", "I am 5 and a CD costs 9", "I am five and a CD costs nine"),
        ("en", "from 5 a.m. to 7 pm", "from five A M to seven P M"),
        ("en", "A320 and COVID-19", "A three hundred twenty and COVID-nineteen"),
        ("en", "the '90s", "the nineties"),
        ("en", "May 31st, 2000", "May thirty-first, two thousand"),
        ("en", "25/12/2026", "December twenty-fifth, twenty twenty-six"),
        ("en", "99/99/2026", "ninety-nine over ninety-nine over two thousand twenty-six"),
        ("en", "IP 127.0.0.1", "IP one hundred twenty-seven dot zero dot zero dot one"),
        ("en", "@joe likes #music", "at joe likes hashtag music"),
        ("en", "a < b and 3 > 2", "a is less than b and three is greater than two"),
        ("en", "<b>5</b> &amp; 6", "five and six"),
        ("en", "# Title\n\n- **one**\n- [two](https://x.io)", "Title\n\n\none\n\ntwo"),
        ("en", "Fine 👍", "Fine thumbs up"),
        (
            "pt",
            "Custou R$ 1.000.000 em 2020–2024.",
            "Custou um milhão de reais em dois mil e vinte a dois mil e vinte e quatro.",
        ),
        (
            "en",
            "Boeing 747-400 won 3-0",
            "Boeing seven hundred forty-seven, four hundred won three, zero",
        ),
        ("en", "1-800-555-1234", "one, eight zero zero, five five five, one two three four"),
        ("en", "€3/kg, x² = 4", "three euros per kilogram, x squared equals four"),
        ("en", "John Paul II's visit (1979)", "John Paul the second's visit (nineteen seventy-nine)"),
        ("en", "pages 5 - 7, but 7 - 5", "pages five to seven, but seven minus five"),
        ("en", "- 3 apples_pears", "three apples pears"),
        ("en", "2026-11-29T10:00:00Z", "November twenty-ninth, twenty twenty-six ten o'clock"),
        ("pt", "CPF 123.456.789-00", "um dois três, quatro cinco seis, sete oito nove, zero zero"),
        ("es", "Isabel I, 1 millón", "Isabel primera, un millón"),
        (
            "it",
            "alle 18.45, tel. 06 1234567",
            "alle diciotto e quarantacinque, telefono zero sei, uno due tre",
        ),
        ("pt", "D. João VI e D. Pedro I", "Dom João sexto e Dom Pedro primeiro"),
        ("pt", "1.234,5 kg", "mil duzentos e trinta e quatro vírgula cinco quilogramas"),
        ("es", "21 % de 1.000 €", "veintiuno por ciento de mil euros"),
        ("es", "C/ Mayor, 5", "calle Mayor, cinco"),
        ("fr", "3 milliards d'euros, 1,5 M€", "trois milliards d'euros, un virgule cinq million d'euros"),
        ("it", "€ 2 mila", "due mila euro"),
        ("hi", "₹1,00,000 और 12:30", "एक लाख रुपये और बारह बजकर तीस मिनट"),
        ("ja", "¥1,500は-5℃で10:30", "1500円はマイナス摂氏5度で10時30分"),
        ("de", "1.299,5 km am 03.04.2027", "Kilometer am dritte April zweitausendsiebenundzwanzig"),
        ("en", "٣ cats, ５ dogs", "three cats, five dogs"),
    ],
)
def test_notations_of_every_kind_become_words(language: str, written: str, spoken: str) -> None:
    assert spoken in spoken_form(written, language)


@pytest.mark.parametrize("language", SPELLED)
@given(st.integers(0, 999_999_999))
@example(1_000_000)
@example(21)
def test_a_grouped_number_means_the_same_as_an_ungrouped_one(language: str, value: int) -> None:
    numbers = reader(language)
    group = "," if language == "en" else "."
    grouped = f"{value:,}".replace(",", group)
    assert numbers.parse(grouped) == value
    assert spoken_form(grouped, language) == spoken_form(str(value), language) == numbers.say.cardinal(value)


@pytest.mark.parametrize("language", SPELLED)
@given(st.decimals(0, 99_999, places=2))
def test_both_separators_of_a_number_are_understood_whichever_the_language_uses(
    language: str, value: Decimal
) -> None:
    english = f"{value:,.2f}"
    continental = english.translate(str.maketrans(",.", ".,"))
    if value >= 1_000:
        assert reader(language).parse(english) == reader(language).parse(continental) == value
    else:
        assert reader(language).parse(continental if language != "en" else english) == value


@pytest.mark.parametrize("language", SPELLED)
@given(st.from_regex(r"\d{10,25}", fullmatch=True))
def test_a_long_string_of_digits_is_said_digit_by_digit(language: str, digits: str) -> None:
    numbers = reader(language)
    words = spoken_form(digits, language).replace(",", "").split()
    assert words == [word for digit in digits for word in numbers.say.cardinal(int(digit)).split()]


@given(st.integers(1, 3_999))
def test_a_roman_numeral_has_its_value(value: int) -> None:
    numerals = (
        (1_000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
    )
    numeral, rest = "", value
    for number, letters in (*numerals, (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        numeral += letters * (rest // number)
        rest %= number
    assert roman_value(numeral) == value
    assert roman_value(numeral + "Z") is None


@pytest.mark.parametrize("language", [*LEXICONS, "de", "ru", "zh", "ar", "ace-Arab"])
@given(text=st.text(max_size=60))
@example(text="$$5%%//€€1.2.3,,4--5::6  ½½ IVX a/b 0:99")
def test_any_text_has_a_spoken_form(language: str, text: str) -> None:
    spoken_form(text, language)


@pytest.mark.parametrize("language", ["en", "pt", "ja"])
@pytest.mark.parametrize(
    "text",
    ["²@example.com", "①@example.com", "a@²²²²²²²²²².com", "v{}", "1.2.{}", "${0}", "${0}.{0}", "{} km"],
)
@pytest.mark.parametrize("length", [25, 39, 5_000])
def test_digits_that_python_cannot_compute_with_have_a_spoken_form(
    language: str, text: str, length: int
) -> None:
    spoken_form(text.format("9" * length), language)


@pytest.mark.parametrize(
    "text", [" " * 200_000 + "x#", "x" + "`" * 200_000, " _a" * 70_000, "1~" + "2" * 200_000 + "-"]
)
@pytest.mark.slow
def test_a_text_made_to_be_slow_is_read_quickly(text: str) -> None:
    # Patterns that try again at every character would take minutes here, and the test's time limit is two.
    spoken_form(text, "en")


@pytest.mark.parametrize("ending", ["", ".5", "th", " km", ",000", "/2", "-1", " €", "%", ":30"])
def test_a_huge_number_is_said_digit_by_digit(ending: str) -> None:
    assert spoken_form("7" * 6_000 + ending, "en").startswith("seven seven seven, seven seven")


@pytest.mark.parametrize("language", SPELLED)
@given(st.text("0123456789.,:/-%€$ kmhXIV°½'", min_size=1, max_size=20))
def test_no_digit_is_left_where_numbers_become_words(language: str, text: str) -> None:
    assert not re.search(r"\d", spoken_form(text, language))
