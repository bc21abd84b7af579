"""Measures, rates and percentages: the units of the CLDR by their symbols."""

import re
from collections.abc import Iterator
from functools import partial

from babel.numbers import format_decimal
from babel.units import format_compound_unit, format_unit

from sokuji.text.spoken.numerals import MINUS, NUMBER, NumberReader
from sokuji.text.spoken.rule import Rule, alternatives

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
_END = r"(?![\w²³/])(?:\.(?=[ \u00a0]+[a-zà-ÿ(]|[,;:]))?"
"""The end of a symbol; the full stop of an abbreviation within a sentence belongs to it."""


def rules(reader: NumberReader) -> Iterator[Rule]:
    """The rules of a language."""
    symbols = alternatives([*_UNITS, *_RATES, *reader.lexicon.units])
    pattern = rf"{MINUS}(?P<number>{NUMBER})[ \u00a0\u202f]?(?P<unit>{symbols}){_END}"
    yield re.compile(pattern), partial(_measure, reader=reader)
    if reader.lexicon.per:
        yield re.compile(rf"(?<=[^\W\d_])/({symbols})(?![\w/])"), partial(_per, reader=reader)


def _per(match: re.Match[str], reader: NumberReader) -> str:
    """The unit of a price or a rate."""
    unit = {**_UNITS, **reader.lexicon.units}.get(match[1])
    if unit is None:
        return match[0]
    named = format_unit(1, unit, locale=reader.locale)
    return f" {reader.lexicon.per} {named.removeprefix('1').strip()}"


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
    return reader.signed(named.replace(shown, words), match["minus"])
