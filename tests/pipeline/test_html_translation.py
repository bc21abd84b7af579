"""HTML stays well-formed: its tags keep their order, its text is translated and escaped."""

import html
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sokuji.contract import TranslatedText
from sokuji.errors import ProviderFailed
from sokuji.pipeline.html_elements import MAX_DEPTH
from sokuji.pipeline.html_translation import translate_html
from sokuji.text.protection.passage import TranslationTask
from sokuji.text.protection.translation import translate
from tests.support.hostile_translators import CHANGES, Change, Mangler, taken_apart


class Elements(HTMLParser):
    """The tags of a document in order, with their attributes, and its text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, object]] = []
        self.text = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", None))

    def handle_data(self, data: str) -> None:
        self.text += data


async def translated(document: str, mangler: Mangler) -> str:
    async def translate_block(text: str) -> TranslatedText:
        return TranslatedText(text=await translate(TranslationTask(text, ("en", "pt")), mangler))

    return (await translate_html(document, translate_block)).text


def shouted(document: str) -> Mangler:
    return Mangler(lambda words, dice: [word if word[:1] in "<&" else word.upper() for word in words])


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<p>one</p>\n<p>two</p>", "<p>ONE</p>\n<p>TWO</p>"),
        ("<!DOCTYPE html><!-- x --><title>a page</title>", "<!DOCTYPE html><!-- x --><title>A PAGE</title>"),
        ("<script>var a;</script><style>p {}</style>x", "<script>var a;</script><style>p {}</style>X"),
        ("<pre>raw <b>text</b></pre><p>x</p>", "<pre>raw <b>text</b></pre><p>X</p>"),
        ('<div translate="no">a <p>b</p></div><p>x</p>', '<div translate="no">a <p>b</p></div><p>X</p>'),
        ("a &lt; b &amp; c &eacute;", "A &lt; B &amp; C É"),
        ("&amp;lt; stays", "&amp;lt; STAYS"),
        ("no tags", "NO TAGS"),
        ("<img src='a.png'>", "<img src='a.png'>"),
        ("", ""),
        ('<p translate="no">a<p>b', '<p translate="no">a<p>B'),
        ('<p translate="no">a<div>b</div>c', '<p translate="no">a<div>B</div>C'),
        ('<div><p translate="no">a</div>b', '<div><p translate="no">a</div>B'),
        ('<p translate="no">a <b>b</b> c</i> d<p>e', '<p translate="no">a <b>b</b> c</i> d<p>E'),
        ('<ul><li translate="no">a<ul><li>b</ul>c<li>d</ul>e',
         '<ul><li translate="no">a<ul><li>b</ul>c<li>D</ul>E'),
        ('<dl><dt translate="no">a<dd>b<dt>c</dl>', '<dl><dt translate="no">a<dd>B<dt>C</dl>'),
        ('<table><tr><td translate="no">a<table><tr><td>b</table>c<td>d<tr><td>e</table>f',
         '<table><tr><td translate="no">a<table><tr><td>b</table>c<td>D<tr><td>E</table>F'),
        ('<table><thead translate="no"><tr><th>a<tbody><tr><td>b</table>',
         '<table><thead translate="no"><tr><th>a<tbody><tr><td>B</table>'),
        ('<select><option translate="no">a<option>b<optgroup><option>c</select>d',
         '<select><option translate="no">a<option>B<optgroup><option>C</select>D'),
        ('<b><p translate="no">a</b> b</p>c', '<b><p translate="no">a</b> b</p>C'),
        ('<td translate="no">a</div> b</td>c', '<td translate="no">a</div> b</td>C'),
        ('<div translate="no">a<p>b<img>c<input>d</div>e', '<div translate="no">a<p>b<img>c<input>d</div>E'),
        ("<pre>a<div>b</pre>c", "<pre>a<div>b</pre>C"),
        ("<svg><title>a</svg>b", "<svg><title>a</svg>B"),
        ("<p>unclosed <p>second</b>", "<p>UNCLOSED <p>SECOND</b>"),
    ],
)  # fmt: skip
async def test_text_is_translated_between_the_tags(document: str, expected: str) -> None:
    assert await translated(document, shouted(document)) == expected


PARTS = ["<p>", "</p>", "<b>", "</b>", '<a href="x?a=1&amp;b=2">', "</a>", "<br>", '<img alt="a > b">',
         "<td>", "word ", "&lt;b&gt;", "&amp;", "5 ", "<!-- x -->", "<i>", "</i>",
         "<code>x y</code>"]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=12), st.sampled_from(CHANGES), st.integers())
@example(['<a href="x?a=1&amp;b=2">', "word "], taken_apart, 0)
async def test_no_translator_changes_the_tags(parts: list[str], change: Change, seed: int) -> None:
    document = "".join(parts)
    translation = await translated(document, Mangler(change, seed))
    before, after = Elements(document), Elements(translation)
    assert after.tags == before.tags
    assert after.text.count("<") == before.text.count("<")


async def test_what_is_nested_very_deeply_is_copied_and_what_follows_is_translated() -> None:
    opened, closed = "<div>" * 2 * MAX_DEPTH, "</div>" * 2 * MAX_DEPTH
    document = f"<p>a</p>{opened}<p>b</p><script>c</script>{closed}<p>d</p>"
    expected = f"<p>A</p>{opened}<p>b</p><script>c</script>{closed}<p>D</p>"
    assert await translated(document, shouted(document)) == expected


@given(st.text("ab<>&;lt# 1"))
async def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    mangler = Mangler(lambda words, dice: words)
    translation = await translated(f"<p>{html.escape(text)}</p>", mangler)
    assert Elements(translation).text.split() == text.split()


async def test_a_block_that_fails_is_an_error_of_the_whole() -> None:
    async def fail(text: str) -> TranslatedText:
        raise ProviderFailed("on purpose")

    with pytest.raises(ProviderFailed, match="on purpose"):
        await translate_html("<p>one</p><p>two</p>", fail)


async def test_the_score_is_the_lowest_and_providers_are_named_once() -> None:
    async def answer(text: str) -> TranslatedText:
        return TranslatedText(text=text, score=0.5 if text == "two" else 0.9, provider="p")

    result = await translate_html("<p>one</p><p>two</p>", answer)
    assert (result.score, result.provider) == (0.5, "p")
