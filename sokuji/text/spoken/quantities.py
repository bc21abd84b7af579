"""Amounts of money, measures and percentages."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial

from babel.numbers import format_decimal, get_currency_name
from babel.units import format_compound_unit, format_unit

from sokuji.text.spoken.lexicon import CurrencyWords
from sokuji.text.spoken.numerals import NUMBER, NumberReader
from sokuji.text.spoken.rule import Rule

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
_UNITS = {
    "km/h": "speed-kilometer-per-hour",
    "kph": "speed-kilometer-per-hour",
    "m/s": "speed-meter-per-second",
    "mph": "speed-mile-per-hour",
    "km": "length-kilometer",
    "m": "length-meter",
    "cm": "length-centimeter",
    "mm": "length-millimeter",
    "mi": "length-mile",
    "ft": "length-foot",
    "kg": "mass-kilogram",
    "g": "mass-gram",
    "mg": "mass-milligram",
    "t": "mass-tonne",
    "lb": "mass-pound",
    "lbs": "mass-pound",
    "oz": "mass-ounce",
    "l": "volume-liter",
    "L": "volume-liter",
    "ml": "volume-milliliter",
    "mL": "volume-milliliter",
    "cl": "volume-centiliter",
    "°C": "temperature-celsius",
    "ºC": "temperature-celsius",
    "℃": "temperature-celsius",
    "°F": "temperature-fahrenheit",
    "℉": "temperature-fahrenheit",
    "°": "angle-degree",
    "m²": "area-square-meter",
    "m2": "area-square-meter",
    "km²": "area-square-kilometer",
    "km2": "area-square-kilometer",
    "cm²": "area-square-centimeter",
    "m³": "volume-cubic-meter",
    "m3": "volume-cubic-meter",
    "ha": "area-hectare",
    "h": "duration-hour",
    "hr": "duration-hour",
    "hrs": "duration-hour",
    "min": "duration-minute",
    "mins": "duration-minute",
    "s": "duration-second",
    "sec": "duration-second",
    "seg": "duration-second",
    "ms": "duration-millisecond",
    "Hz": "frequency-hertz",
    "kHz": "frequency-kilohertz",
    "MHz": "frequency-megahertz",
    "GHz": "frequency-gigahertz",
    "W": "power-watt",
    "kW": "power-kilowatt",
    "MW": "power-megawatt",
    "kWh": "energy-kilowatt-hour",
    "V": "electric-volt",
    "mA": "electric-milliampere",
    "kB": "digital-kilobyte",
    "KB": "digital-kilobyte",
    "MB": "digital-megabyte",
    "GB": "digital-gigabyte",
    "TB": "digital-terabyte",
    "kcal": "energy-kilocalorie",
    "cal": "energy-calorie",
    "kJ": "energy-kilojoule",
    "bar": "pressure-bar",
    "hPa": "pressure-hectopascal",
    "%": "concentr-percent",
    "‰": "concentr-permille",
    "ppm": "concentr-permillion",
}
"""Symbol -> unit of the CLDR."""
_RATES = {
    "Mbps": ("megabit", "second"),
    "Mb/s": ("megabit", "second"),
    "Gbps": ("gigabit", "second"),
    "Mbit/s": ("megabit", "second"),
    "MB/s": ("megabyte", "second"),
    "l/min": ("liter", "minute"),
    "g/l": ("gram", "liter"),
    "km/s": ("kilometer", "second"),
    "kg/m³": ("kilogram", "cubic-meter"),
    "kbps": ("kilobit", "second"),
}
"""Symbol -> two units of the CLDR, the first per the second."""
_VOWELS = "aeiouyéè"
_MINUS = r"(?P<minus>(?<![\w.,)])[-−])?"


def _alternatives(symbols: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(symbols, key=len, reverse=True)))


_CODES = (
    "AED ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NGN NOK NZD "
    "PEN PHP PLN RON RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR"
)
"""ISO 4217 codes that are no words: "ALL" and "TOP" are."""
_CURRENCY = f"{_alternatives(_CURRENCY_SIGNS)}|\\b(?:{'|'.join(_CODES.split())})\\b"


def rules(reader: NumberReader) -> Iterator[Rule]:
    """The rules of a language, in the order in which they are applied."""
    scales = _alternatives(reader.lexicon.scales) or "(?!)"
    scale = rf"(?:[ \u00a0]?(?P<scale>{scales})(?!\w))?"
    number = rf"(?P<number>{NUMBER.replace('(?<![' + chr(92) + 'w.,])', '')})"
    ahead = rf"{_MINUS}(?P<sign>{_CURRENCY})(?:[ \u00a0]?)(?P<minus2>[-−])?{number}{scale}"
    behind = rf"{_MINUS}(?<![\w.,]){number}{scale}[ \u00a0]?(?P<sign>{_CURRENCY})(?!\w)"
    yield re.compile(ahead), partial(_money, reader=reader)
    yield re.compile(behind), partial(_money, reader=reader)
    symbols = _alternatives([*_UNITS, *_RATES, *reader.lexicon.units])
    ends = r"(?![\w²³/])(?:\.(?=[ \u00a0]+[a-zà-ÿ(]|[,;:]))?"
    yield (
        re.compile(rf"{_MINUS}(?<![\w.,]){number}[ \u00a0\u202f]?(?P<unit>{symbols}){ends}"),
        partial(_measure, reader=reader),
    )


def _signed(words: str, minus: str | None, reader: NumberReader) -> str:
    return f"{reader.lexicon.minus} {words}" if minus and reader.lexicon.minus else f"{minus or ''}{words}"


def _money(match: re.Match[str], reader: NumberReader) -> str:
    value = reader.parse(match["number"])
    if value is None:
        return match[0]
    groups = match.groupdict()
    code = _CURRENCY_SIGNS.get(match["sign"], match["sign"])
    names = reader.lexicon.currencies.get(code)
    minus = groups["minus"] or groups.get("minus2")
    if scale := groups["scale"]:
        words = _scaled(value, scale, code, names, reader)
    elif names is None:
        words = f"{reader.value(value, noun=True)} {_cldr_name(code, value, reader)}"
    else:
        words = _amount(value, names, reader)
    return _signed(words, minus, reader)


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
    """The name of a currency behind a noun such as "million": "de euros", "d'euros"."""
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
    if whole and not whole % 1_000_000:
        unit = _linked(unit, reader)
    words = f"{reader.value(whole, feminine=names.feminine, noun=True)} {unit}"
    if not hundredths:
        return words
    count = reader.value(Decimal(int(hundredths)), noun=True)
    cents = f"{count} {names.cent if hundredths == 1 else names.cents}"
    link = reader.lexicon.cents_link
    return cents if not whole else f"{words} {link} {cents}" if link else f"{words} {cents}"


def _measure(match: re.Match[str], reader: NumberReader) -> str:
    value = reader.parse(match["number"])
    if value is None:
        return match[0]
    symbol = match["unit"]
    if symbol in _RATES:
        numerator, denominator = _RATES[symbol]
        named = format_compound_unit(value, numerator, denominator_unit=denominator, locale=reader.locale)
    else:
        named = format_unit(value, {**_UNITS, **reader.lexicon.units}[symbol], locale=reader.locale)
    shown = format_decimal(value, locale=reader.locale)
    if named is None or shown not in named:
        return match[0]
    name = named.replace(shown, "").strip()
    feminine = name.split(" ")[0] in reader.lexicon.feminine_nouns
    words = reader.value(value, feminine=feminine, noun=name[:1].isalpha() and symbol not in "%‰")
    return _signed(named.replace(shown, words), match["minus"], reader)
