"""Which HTML elements are open at a place of a document, also where end tags are left out. Pure.

End tags are implied as in the HTML standard (13.1.2.4 "Optional tags", 13.2.6.4 "The rules for parsing tokens
in HTML content"): those of ``p``, ``li``, ``dt``, ``dd``, ``option``, ``optgroup``, ``rt``, ``rp``, ``head``
and the parts of tables, and of everything that is open within an element that ends. An end tag without its
element ends nothing.
"""

from typing import NamedTuple

BLOCK_TAGS = frozenset(
    {
        *("address", "article", "aside", "base", "blockquote", "body", "br", "button", "caption"),
        *("center", "col", "colgroup", "dd", "details", "dialog", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4"),
        *("h5", "h6", "head", "header", "hgroup", "hr", "html", "label", "legend", "li"),
        *("link", "main", "menu", "meta", "nav", "noscript", "ol", "optgroup", "option", "p"),
        *("search", "section", "select", "summary", "table", "tbody", "td", "tfoot", "th", "thead"),
        *("title", "tr", "ul"),
    }
)
"""Elements whose text is no part of a sentence around them."""
COPIED_TAGS = frozenset(
    {"iframe", "math", "noembed", "pre", "script", "style", "svg", "template", "textarea"}
)
"""Elements that hold no text to translate."""
MAX_DEPTH = 500
"""What is nested deeper is copied; browsers have such a limit too, and each tag takes time for the depth."""
_VOID_TAGS = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source"),
        *("track", "wbr"),
    }
)
_ENDS_PARAGRAPH = frozenset(
    {
        *("address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "div", "dl"),
        *("dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("header", "hgroup", "hr", "li", "main", "menu", "nav", "ol", "p", "pre", "search", "section"),
        *("summary", "table", "ul"),
    }
)
_CELLS = frozenset({"td", "th"})
_ROWS = _CELLS | {"tr"}
_ROW_GROUPS = _ROWS | {"tbody", "thead", "tfoot", "caption", "colgroup"}
_TABLE = frozenset({"table", "template"})
_NOT_INLINE = BLOCK_TAGS | COPIED_TAGS
_TABLE_TAGS = _ROW_GROUPS | {"table"}
_SCOPE = frozenset({"table", "template", "td", "th", "caption", "object"})
"""Elements from which an end tag does not reach out, unless it is that of a part of a table."""
_INLINE_SCOPE = _SCOPE | BLOCK_TAGS


class _Implied(NamedTuple):
    """Which open elements a start tag ends, and the elements out of which it does not reach."""

    ended: frozenset[str]
    within: frozenset[str]


def _item(*tags: str) -> _Implied:
    return _Implied(frozenset(tags), BLOCK_TAGS - {"address", "div", "p", *tags})


_PARAGRAPH = _Implied(frozenset({"p"}), _SCOPE | {"button"})
_SECTION = _Implied(_ROW_GROUPS, _TABLE)
_IMPLIED: dict[str, _Implied] = {
    "li": _item("li"),
    **dict.fromkeys(("dt", "dd"), _item("dt", "dd")),
    "option": _Implied(frozenset({"option"}), frozenset({"select", "datalist", "optgroup"})),
    "optgroup": _Implied(frozenset({"option", "optgroup"}), frozenset({"select"})),
    **dict.fromkeys(("rt", "rp"), _Implied(frozenset({"rt", "rp"}), frozenset({"ruby"}))),
    **dict.fromkeys(_CELLS, _Implied(_CELLS, _TABLE | {"tr"})),
    "tr": _Implied(_ROWS | {"caption", "colgroup"}, _TABLE),
    **dict.fromkeys(("tbody", "thead", "tfoot", "caption", "colgroup"), _SECTION),
    "body": _Implied(frozenset({"head"}), frozenset()),
}


class OpenElements:
    """The open elements, and which of them are copied: those within a copied element are copied too."""

    def __init__(self) -> None:
        self._open: list[tuple[str, bool]] = []
        """Name, and whether it is copied; the innermost last."""

    @property
    def are_copied(self) -> bool:
        """Whether what comes next is within a copied element."""
        return bool(self._open) and self._open[-1][1]

    def start(self, tag: str, *, untranslated: bool) -> None:
        """Begin an element; it ends those whose end tags it implies.

        Args:
            untranslated: whether it is copied although its tag is not one of ``COPIED_TAGS``.
        """
        if tag in _ENDS_PARAGRAPH:
            self._imply_end(_PARAGRAPH)
        if tag in _IMPLIED:
            self._imply_end(_IMPLIED[tag])
        depth = len(self._open) + 1
        if tag not in _VOID_TAGS and depth <= MAX_DEPTH:
            copied = untranslated or tag in COPIED_TAGS or self.are_copied or depth == MAX_DEPTH
            self._open.append((tag, copied))

    def end(self, tag: str) -> None:
        """End an element, and those open within it."""
        within = _TABLE if tag in _TABLE_TAGS else _SCOPE if tag in _NOT_INLINE else _INLINE_SCOPE
        for place in reversed(range(len(self._open))):
            name = self._open[place][0]
            if name == tag:
                del self._open[place:]
            if name == tag or name in within:
                return

    def _imply_end(self, implied: _Implied) -> None:
        outermost = None
        for place in reversed(range(len(self._open))):
            name = self._open[place][0]
            if name in implied.ended:
                outermost = place
            elif name in implied.within:
                break
        if outermost is not None:
            del self._open[outermost:]
