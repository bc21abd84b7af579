"""Terms are found as whole words in any script, and glossaries that cannot be meant are refused."""

import unicodedata
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.errors import InvalidRequest
from sokuji.text.glossary import MAX_TERM_CHARS, MAX_TERMS, check, fill, find, normalised, replace


def marked(text: str, *terms: str) -> str:
    """The text with what was found of the terms in brackets."""
    return replace(text, {term: f"[{term}]" for term in terms})


@pytest.mark.parametrize(
    ("text", "terms", "result"),
    [
        ("A cat in a category, concatenated.", ["cat"], "A [cat] in a category, concatenated."),
        ("CAT Cat cAt", ["cat"], "[cat] [cat] [cat]"),
        ("Eu não SEI NÃO.", ["não"], "Eu [não] SEI [não]."),
        ("Ärger, ärgerlich", ["ÄRGER"], "[ÄRGER], ärgerlich"),
        ("Große GROẞE Strasse", ["große"], "[große] [große] Strasse"),
        ("New York City", ["York", "New York", "New York City"], "[New York City]"),
        ("New York Times", ["New York City", "New York"], "[New York] Times"),
        ("New York City Hall", ["York City Hall", "New York"], "[New York] City Hall"),
        ("purchase\n \torder", ["purchase  order"], "[purchase  order]"),
        ("purchaseorder", ["purchase order"], "purchaseorder"),
        ("Use C++, C# or C.", ["C"], "Use C++, C# or [C]."),
        ("Use C++, C or c++11.", ["C++", "C"], "Use [C++], [C] or c++11."),
        (".NET and ASP.NET, not NET", [".NET"], "[.NET] and ASP.NET, not NET"),
        ("AT&T's AT&T", ["AT&T"], "AT&T's [AT&T]"),
        ("Anna’s and Anna's", ["Anna", "Anna's"], "Anna’s and [Anna's]"),
        ("invoices", ["invoice"], "invoices"),
        ("'Anna' \"Anna\" (Anna)", ["Anna"], "'[Anna]' \"[Anna]\" ([Anna])"),
        ("l'Acme et d’Acme", ["Acme"], "l'[Acme] et d’[Acme]"),
        ("e-mail mail guarda-chuva", ["mail", "chuva"], "e-mail [mail] guarda-chuva"),
        ("Acme.com, a@acme.com. Acme.", ["acme"], "Acme.com, a@acme.com. [acme]."),
        ("see https://acme.com/acme/ of acme", ["acme"], "see https://acme.com/acme/ of [acme]"),
        ("snake_case case", ["case"], "snake_case [case]"),
        ("Windows/Linux", ["windows", "linux"], "[windows]/[linux]"),
        ("東京都に行く", ["東京"], "[東京]都に行く"),
        ("AcmeのサーバーAcmeX", ["Acme"], "[Acme]のサーバーAcmeX"),
        ("ฉันไปกรุงเทพครับ", ["กรุงเทพ"], "ฉันไป[กรุงเทพ]ครับ"),
        ("हिन्दी हिन", ["हिन"], "हिन्दी [हिन]"),
        ("a b", [], "a b"),
    ],
)
def test_terms_are_found_as_whole_words(text: str, terms: list[str], result: str) -> None:
    assert marked(text, *terms) == result


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_it_makes_no_difference_how_accents_are_spelt(form: Literal["NFC", "NFD"]) -> None:
    term, text = (unicodedata.normalize(form, word) for word in ("não", "Sim e não."))
    other = unicodedata.normalize("NFC" if form == "NFD" else "NFD", term)
    assert replace(text, {other: "no"}) == "Sim e no."


def test_the_target_is_written_as_given_even_where_a_sentence_begins() -> None:
    assert replace("Invoice? INVOICE!", {"invoice": "fatura"}) == "fatura? fatura!"
    assert replace("Iphone and IPHONE", {"iPhone": "iPhone"}) == "iPhone and iPhone"


def test_a_text_without_terms_is_left_as_it_is() -> None:
    decomposed = unicodedata.normalize("NFD", "não")
    assert replace(decomposed, {"x": "y"}) == decomposed
    assert replace(decomposed, {}) == decomposed


@given(st.text(), st.dictionaries(st.text(min_size=1, max_size=5), st.text(min_size=1), max_size=5))
def test_what_is_found_stands_there(text: str, glossary: Mapping[str, str]) -> None:
    try:
        check(glossary)
    except InvalidRequest:
        return
    text = normalised(text)
    found = find(text, glossary)
    keys = {" ".join(normalised(term).casefold().split()) for term in glossary}
    assert all(" ".join(text[each.start : each.end].casefold().split()) in keys for each in found)
    assert all(before.end <= behind.start for before, behind in pairwise(found))
    everywhere = find(text, glossary, in_compounds=True)
    assert len(everywhere) >= len(found)
    assert fill(text, [each._replace(target=text[each.start : each.end]) for each in found]) == text


@given(st.lists(st.sampled_from(["fatura", "Fatura,", "faturas", "a", "(FATURA)", "pré-fatura"])))
def test_every_occurrence_is_found(words: list[str]) -> None:
    expected = sum(word.strip("(,)").lower() == "fatura" for word in words)
    assert len(find(" ".join(words), {"fatura": "invoice"})) == expected


@pytest.mark.parametrize("text", ["a " * 25_000, "a" + " " * 50_000, "語" * 20_000, "https://a " * 5_000])
def test_a_text_made_to_be_slow_is_searched_in_no_time(text: str) -> None:
    # Patterns that try again at every character would take minutes here, and the test's time limit is two.
    glossary = {f"{first} " * count + "b": "x" for count in range(40) for first in ("a", "語")}
    assert find(text, glossary) == []


@pytest.mark.parametrize(
    ("glossary", "message"),
    [
        ({"": "b"}, "term '' is blank"),
        ({" \u3000": "b"}, "is blank"),
        ({"dia": " "}, "term 'dia' has a translation that is blank"),
        ({"a\nb": "c"}, "control character"),
        ({"dia": "day\x00"}, "term 'dia' has a translation that holds a control character"),
        ({"dia": "day\u2028"}, "control character"),
        ({"\ud800": "b"}, "surrogate"),
        ({"b": "\udfff"}, "surrogate"),
        ({"a" * (MAX_TERM_CHARS + 1): "b"}, "is longer than 100 characters"),
        ({"b": "a" * (MAX_TERM_CHARS + 1)}, "term 'b' has a translation that is longer than 100"),
        ({"...": "b"}, "neither a letter nor a digit"),
        (
            {"Polish": "polonês", "polish": "polir"},
            "'polish' differs from 'Polish' in case or spaces only",
        ),
        ({"a b": "c", "a  b": "c"}, "in case or spaces only"),
        ({str(number): "b" for number in range(MAX_TERMS + 1)}, "201 terms, the limit is 200"),
    ],
)
def test_a_glossary_that_cannot_be_meant_is_refused(glossary: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as refusal:
        check(glossary)
    assert refusal.value.param == "glossary"


@pytest.mark.parametrize(
    "glossary",
    [
        {},
        {"C++": "C++", ".NET": ".NET", "AT&T": "AT&T", "€": "euro", "東京": "Tokyo", "a b": "c"},
        {"a" * MAX_TERM_CHARS: "b" * MAX_TERM_CHARS},
        {str(number): "same" for number in range(MAX_TERMS)},
    ],
)
def test_a_glossary_within_the_limits_is_accepted(glossary: dict[str, str]) -> None:
    check(glossary)
