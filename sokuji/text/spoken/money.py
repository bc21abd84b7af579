"""Amounts of money: units and hundredths of a currency, and large amounts such as "5 million"."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from babel.numbers import get_currency_name

from sokuji.text.currency_codes import CURRENCY_CODES
from sokuji.text.spoken.lexicon import CurrencyWords
from sokuji.text.spoken.numerals import MINUS, WRITTEN_NUMBER, NumberReader
from sokuji.text.spoken.rule import Rule, alternatives

_CURRENCY_SIGNS = {
    "US$": "USD",
    "R$": "BRL",
    "A$": "AUD",
    "C$": "CAD",
    "HK$": "HKD",
    "NZ$": "NZD",
    "MX$": "MXN",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "￥": "JPY",
    "₹": "INR",
    "₽": "RUB",
    "₩": "KRW",
    "₺": "TRY",
    "₴": "UAH",
    "₪": "ILS",
    "₫": "VND",
    "฿": "THB",
    "₱": "PHP",
    "₦": "NGN",
    "zł": "PLN",
    "Kč": "CZK",
    "CN¥": "CNY",
}
_CURRENCY = f"(?P<sign>{alternatives(_CURRENCY_SIGNS)}|\\b(?:{'|'.join(CURRENCY_CODES)})\\b)"
_MILLION = 1_000_000
_VOWELS = "aeiouyéè"


def rules(reader: NumberReader) -> Iterator[Rule]:
    """The rules of a language: the sign of the currency before the amount, and after it."""
    scale = rf"(?:[ \u00a0]?(?P<scale>{alternatives(reader.lexicon.scales)})(?!\w))?"
    number = rf"(?P<number>{WRITTEN_NUMBER}){scale}"
    before = rf"{MINUS}{_CURRENCY}[ \u00a0]?(?P<inner_minus>[-−])?{number}"
    after = rf"{MINUS}(?<![\w.,]){number}[ \u00a0]?{_CURRENCY}(?P<inner_minus>)(?!\w)"
    yield re.compile(before), partial(_money, reader=reader)
    yield re.compile(after), partial(_money, reader=reader)


def _money(match: re.Match[str], reader: NumberReader) -> str:
    value = reader.parse(match["number"])
    if value is None:
        return match[0]
    code = _CURRENCY_SIGNS.get(match["sign"], match["sign"])
    names = reader.lexicon.currencies.get(code)
    minus = match["minus"] or match["inner_minus"]
    if scale := match["scale"]:
        words = _scaled(value, scale, code, names, reader)
    elif names is None:
        words = f"{reader.value(value, noun=True)} {_cldr_name(code, value, reader)}"
    else:
        words = _amount(value, names, reader)
    return reader.signed(words, minus)


def _cldr_name(code: str, value: Decimal, reader: NumberReader) -> str:
    return get_currency_name(code, count=value, locale=reader.locale)


def _scaled(value: Decimal, scale: str, code: str, names: CurrencyWords | None, reader: NumberReader) -> str:
    lexicon = reader.lexicon
    one, many = lexicon.scales[scale]
    currency = names.many if names else _cldr_name(code, Decimal(2), reader)
    # "mil euros", but "um milhão de euros".
    currency = _linked(currency, reader) if one != many else currency
    return f"{reader.value(value, noun=True)} {one if value < 2 else many} {currency}"


def _linked(currency: str, reader: NumberReader) -> str:
    """The name of a currency after a noun such as "million": "de euros", "d'euros"."""
    link = reader.lexicon.scale_link
    if link.endswith("e") and reader.lexicon.elides and currency[0] in _VOWELS:
        return f"{link[:-1]}'{currency}"
    return f"{link} {currency}" if link else currency


def _amount(value: Decimal, names: CurrencyWords, reader: NumberReader) -> str:
    """Units and hundredths of a currency; as one number with decimals if it has no name for hundredths."""
    whole, hundredths = divmod(value * 100, 100)
    if hundredths and (not names.cent or hundredths != int(hundredths)):
        return f"{reader.value(value, feminine=names.feminine)} {names.many}"
    unit = names.one if whole == 1 else names.many
    if whole and not whole % _MILLION:
        unit = _linked(unit, reader)
    words = f"{reader.value(whole, feminine=names.feminine, noun=True)} {unit}"
    if not hundredths:
        return words
    count = reader.value(Decimal(int(hundredths)), noun=True)
    cents = f"{count} {names.cent if hundredths == 1 else names.cents}"
    link = reader.lexicon.cents_link
    return cents if not whole else f"{words} {link} {cents}" if link else f"{words} {cents}"
