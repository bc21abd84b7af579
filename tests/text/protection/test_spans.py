"""What must not change is found in a text, and written as the target language writes it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.text.protection.spans import find_spans, write
from sokuji.text.protection.verification import locate

EN, PT, FR = "en", "pt", "fr"


def written(text: str, source: str, target: str) -> list[str]:
    """The protected spans, as they are written in the target language."""
    return [span.target for span in find_spans(text, source, target)]


@pytest.mark.parametrize(
    ("source", "target", "text", "expected"),
    [
        # Separators.
        (EN, PT, "1,220,295 and 3.5 and 1234.5 and 2006", ["1.220.295", "3,5", "1234,5", "2006"]),
        (PT, EN, "1.220.295 e 3,5 e 0,75", ["1,220,295", "3.5", "0.75"]),
        (EN, FR, "12,345.6", ["12\u202f345,6"]),
        (FR, EN, "12 345,6 et 06 12 34 56 78", ["12,345.6", "06 12 34 56 78"]),
        (EN, "hi", "1,234,567", ["12,34,567"]),
        ("hi", EN, "12,34,567 १२३", ["1,234,567", "123"]),
        ("de", EN, "1.234,5 und 1'234", ["1,234.5", "1'234"]),
        ("ja", EN, "5個を1,500円で", ["5", "1,500"]),
        # The format of another language, where it can only be read in one way.
        (EN, PT, "1.299,99", ["1.299,99"]),
        (PT, EN, "1,299.99", ["1,299.99"]),
        # May be read in two ways.
        (EN, PT, "9,5 and 1.2.3", ["9,5", "1.2.3"]),
        (EN, PT, "We use Python 3.11, version 2.0, about 3.11 times", ["3.11", "2.0", "3,11"]),
        (PT, EN, "5 mil, 1,5 mil e 3 milhões", ["5,000", "1,500", "3"]),
        (EN, PT, "5 thousand dollars", ["5.000"]),
        ("zh", EN, "5万人和1.5亿人", ["50,000", "150,000,000"]),
        # Money.
        (EN, PT, "$1,299.99, R$5, €5.50, £3", ["$ 1.299,99", "R$ 5", "€ 5,50", "£ 3"]),
        (PT, EN, "R$ 1.299,99 e 5,50 €", ["R$1,299.99", "€5.50"]),
        (EN, FR, "$1,299.99 and USD 5", ["1\u202f299,99 $", "5 USD"]),
        (EN, PT, "-$5 and $5M and US$5", ["-$ 5", "$ 5M", "US$ 5"]),
        # Times and dates.
        (EN, PT, "3 p.m., 12:05 am, 3:30pm and 14:00", ["15:00", "0:05", "15:30", "14:00"]),
        (PT, EN, "às 19h45 e 15h", ["19:45", "15h"]),
        (EN, PT, "14/04/2006, 2006-04-14, 1.4.2006", ["14/04/2006", "2006-04-14", "1.4.2006"]),
        # What belongs to a number.
        (EN, PT, "3.5% and -7 and -2.5 °C and 5.5km", ["3,5%", "-7", "-2,5 °C", "5,5km"]),
        (EN, PT, "the 14th, the 1980s, a 10-minute walk", ["14º", "1980", "10"]),
        (PT, EN, "1º, 2ª, 12º", ["1st", "2nd", "12th"]),
        (EN, PT, "5-10, 1/2, 555-1234, 0286 464 561", ["5-10", "1/2", "555-1234", "0286 464 561"]),
        (EN, PT, "5.5 × 3 = 16.5 and x < 5", ["5,5 × 3 = 16,5", "x < 5"]),
        # The same in every language.
        (EN, PT, "COVID-19, B12, 192.168.180.149, AT&T", ["COVID-19", "B12", "192.168.180.149", "AT&T"]),
        (PT, EN, "192.168.180.149 e 123.456.789-09", ["192.168.180.149", "123.456.789-09"]),
        (EN, PT, r"C:\a\b.txt, /etc/hosts, ~/x and a.pdf", [r"C:\a\b.txt", "/etc/hosts", "~/x", "a.pdf"]),
        (EN, PT, "https://a.b/c?d=1, www.a.com, a.b@c.de", ["https://a.b/c?d=1", "www.a.com", "a.b@c.de"]),
        (EN, PT, "{{name}} {0} %1$s %d ${x} {% if %}", ["{{name}}", "{0}", "%1$s", "%d", "${x}", "{% if %}"]),
        (EN, PT, '<a href="x>y">it</a> &amp; <br/>', ['<a href="x>y">', "</a>", "&amp;", "<br/>"]),
        (EN, PT, "#tag @name `a b` user_name --force", ["#tag", "@name", "`a b`", "user_name", "--force"]),
        (EN, PT, "😀👍🏽 👨‍👩‍👧 🇧🇷 1️⃣", ["😀👍🏽", "👨‍👩‍👧", "🇧🇷", "1️⃣"]),
        (EN, PT, "½ cup, m², ±, ©", ["½", "m²", "±", "©"]),
        (EN, PT, "10½ cups, $5½, 0¼A", ["10½", "$ 5", "½", "0¼"]),
        (EN, PT, "My friend 田中 and Мария", ["田中", "Мария"]),
        ("ru", EN, "Мой друг John", ["John"]),
        # Words.
        (EN, PT, "Henry VIII, chapter IV; I saw him. VI", ["VIII", "IV", "VI"]),
        (EN, PT, "and/or, e.g. this, it's well-known; Mr. Smith: hello!", []),
        (EN, PT, "日本語です", []),
    ],
)  # fmt: skip
def test_spans_are_found_and_written(source: str, target: str, text: str, expected: list[str]) -> None:
    assert written(text, source, target) == expected


@pytest.mark.parametrize(
    ("pair", "text", "translation"),
    [
        (("en", "pt"), "He paid 5 million dollars.", "Ele pagou 5 milhões de dólares."),
        (("en", "pt"), "He paid €5.", "Ele pagou 5 euros."),
        (("pt", "en"), "Às 19h45.", "At 7:45 p.m."),
        (("en", "pt"), "At 3 p.m.", "Às 15h."),
        (("pt", "en"), "São 5 mil reais.", "They are 5,000 reals."),
        (("en", "ja"), "50,000 people", "5万人"),
        (("ja", "en"), "500円です。", "It is 500 yen."),
        (("en", "zh"), "I paid $5", "我付了5美元"),
        (("en", "pt"), "It grew 12 percent.", "Cresceu 12%."),
        (("en", "pt"), "A 5km walk in the 1980s", "Uma caminhada de 5 km nos anos 1980"),
        (("en", "pt"), "The 21st century", "O século XXI"),
    ],
)
def test_another_form_of_the_same_value_is_accepted(
    pair: tuple[str, str], text: str, translation: str
) -> None:
    assert locate(text, find_spans(text, *pair), translation, pair) is not None


@pytest.mark.parametrize(
    ("pair", "text", "translation"),
    [
        (("en", "pt"), "Invoice 1,220,295", "Fatura 1.221.295"),
        (("en", "pt"), "We counted 3,551,198", "Contamos 3.551,198"),
        (("en", "pt"), "We counted 3,551.198", "Contamos 3,551.198"),
        (("en", "pt"), "It costs $1,299.99", "Custa $1,299,99"),
        (("en", "pt"), "I paid ¥500", "Paguei 500 euros"),
        (("en", "pt"), "customer 62", "cliente 62 euros"),
        (("en", "pt"), "I have 5 dollars", "Tenho 5 euros"),
        (("pt", "en"), "Fatura 14/04/2006", "Invoice 2/14/2006"),
        (("en", "pt"), "It was -5 °C", "Fazia 5 °C"),
        (("en", "pt"), "5% more", "5 a mais"),
        (("en", "pt"), "at 3 p.m.", "às 3h"),
        (("en", "pt"), "I have 7", "Eu tenho 7 7"),
        (("en", "pt"), "I have 7", "Eu tenho 7km"),
        (("en", "pt"), "Hello <b>you</b>", "Olá </b>você<b>"),
        (("en", "pt"), "Hello\nyou", "Olá você"),
        (("en", "pt"), "Hello you", ""),
    ],
)
def test_another_value_is_not_accepted(pair: tuple[str, str], text: str, translation: str) -> None:
    assert locate(text, find_spans(text, *pair), translation, pair) is None


@given(
    st.text() | st.text("ab1.,:/<>{}%$€-+ \n😀田½#@_\\'\""), st.sampled_from(["en", "pt", "fr", "hi", "xx"])
)
def test_spans_are_in_order_and_apart_and_nothing_else_changes(text: str, target: str) -> None:
    spans = find_spans(text, "en", target)
    assert all(first.end <= second.start for first, second in pairwise(spans))
    assert all(span.start < span.end and span.keys for span in spans)
    unchanged = [span.moved(0) for span in spans if span.target == text[span.start : span.end]]
    assert write(text, unchanged) == text


@given(
    st.integers(0, 10**15), st.integers(0, 999), st.sampled_from(["pt", "fr", "hi", "de", "ja", "ar", "sv"])
)
def test_a_number_survives_the_way_to_another_language_and_back(
    whole: int, decimals: int, target: str
) -> None:
    text = f"{whole:,}.{decimals:03}"
    (there,) = written(text, "en", target)
    assert written(there, target, "en") == [text]


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [" ", "a", "A. ", "https://", "a@", "a.b@", "1,", "1.", "1 ", "1:", "\n", "😀", "<a ", '<a "', "<", "$",
     "R$", "a-1", "a_", "/a", "/.", "\\a", "{", "{{", "&", "#a", "1h", "-1", "x<", "%1", "田a", "`", "<!--",
     "US$1 "],
)  # fmt: skip
def test_a_text_made_to_be_slow_is_searched_quickly(unit: str) -> None:
    # Patterns that try again at every character would take minutes here, and the test's time limit is two.
    find_spans(unit * (50_000 // len(unit)), "en", "pt")


def test_a_long_number_is_searched_quickly() -> None:
    # As above; it is longer, because a search for fractions of such a number is cheap at each digit.
    find_spans("1" * 200_000, "en", "pt")
