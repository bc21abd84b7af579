"""Whether a sentence is complete by its words, as Whisper writes them up to a pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.text.completeness import COMPLETE, NUMBER, OPEN, UNMARKED, completeness
from sokuji.text.open_words import OPEN_WORDS

SENTENCES = {
    "en": {
        COMPLETE: "The doctor will see you in a moment.|Yes.|Is there a bus?|Turn it on.|That is hers!|"
        "He went. She told him.|When I got home, it was dark.|When does it start?|It costs 142 euros.|"
        "After lunch we all went down to the old harbour.",
        NUMBER: "My number is 471 20.|The code is B7-4|It leaves at nine.|We pay in 2027.",
        UNMARKED: "The doctor will see you|He works for Smith and Dr.",
        OPEN: "I would like to.|The code of the door is...|We bought bread,|It depends on the|He said:|Uh.|"
        "When I got home.|because the road was blocked.|It was cold. And then the|She is, um.||...|— ",
    },
    "pt": {
        COMPLETE: "Olá mundo.|Você sabe onde fica?|Não quero mais.|Quando cheguei a casa, estava escuro.",
        NUMBER: "O código é três.|Pago 12.",
        OPEN: "Eu gostaria de.|Falei com o|Quando cheguei a casa ontem.|Compramos pão,|O preço da...",
    },
    "es": {
        COMPLETE: "Hola mundo.|¿Dónde está?|Se lo dije a ella.",
        NUMBER: "Mi número es 6 12.|Son las nueve.",
        OPEN: "Me gustaría.|Ella me dijo que.|Como la carretera estaba cerrada.|Voy a la",
    },
    "fr": {
        COMPLETE: "Bonjour le monde.|Où est-ce ?|Je viens avec vous.",
        NUMBER: "Le code est 3-8.|Il est neuf.",
        OPEN: "Je voudrais.|Elle m'a dit que.|Si le train est encore en retard.|C'est la",
    },
    "it": {
        COMPLETE: "Ciao mondo.|Dov’è?|Vengo con lui.",
        NUMBER: "Il codice è 3.|Sono le nove.",
        OPEN: "Vorrei.|Lei mi ha detto che.|Siccome la strada era chiusa.|Dobbiamo parlare del",
    },
    "de": {COMPLETE: "Guten Tag.", NUMBER: "Es ist neun.", OPEN: "Ich möchte.|Wenn es regnet.|Das ist der"},
    # Languages without a table: the marks decide.
    "pl": {COMPLETE: "Witaj świecie.", UNMARKED: "Witaj", OPEN: "Witaj,"},
    "ja": {COMPLETE: "こんにちは。", UNMARKED: "こんにちは", OPEN: "こんにちは、"},
    "hi": {COMPLETE: "नमस्ते दुनिया।", NUMBER: "मेरा नंबर ४७१"},
}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (language, text, expected)
        for language, kinds in SENTENCES.items()
        for expected, texts in kinds.items()
        for text in texts.split("|")
    ],
)
def test_what_is_written_up_to_a_pause(language: str, text: str, expected: float) -> None:
    assert completeness(text, language) == expected


@pytest.mark.parametrize("language", OPEN_WORDS)
@given(st.data())
def test_a_sentence_is_never_over_behind_a_word_that_asks_for_more(
    language: str, data: st.DataObject
) -> None:
    table = OPEN_WORDS[language]
    word = data.draw(st.sampled_from(sorted(table.linking | table.hesitations)))
    before = data.draw(st.lists(st.text("xyz", min_size=1), max_size=5))
    text = " ".join([*before, word])
    mark = data.draw(st.sampled_from(["", ".", "...", ","]))
    assert completeness(text.capitalize() + mark, language) == OPEN


@given(st.text(), st.sampled_from([*OPEN_WORDS, "ja", "zh", "th", "xx"]))
def test_any_text_is_rated_whatever_spaces_surround_it(text: str, language: str) -> None:
    rated = completeness(text, language)
    assert 0 <= rated <= 1
    assert completeness(f" {text}\n", language) == rated


@given(st.text("abc .,", min_size=1), st.sampled_from([*OPEN_WORDS, "xx"]))
def test_only_the_last_sentence_counts(before: str, language: str) -> None:
    assert completeness(f"{before}x. Zzz yyy.", language) == completeness("Zzz yyy.", language)
