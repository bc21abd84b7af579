"""French."""

import re

from sokuji.text.spoken.lexicon import CurrencyWords, Lexicon, Numerals

_CENTURY = re.compile("[Ss]iècles?")


def _time(hours: int, minutes: int, seconds: int, say: Numerals) -> str:
    parts = [f"{say.feminine(hours)} {'heure' if hours < 2 else 'heures'}"]
    if minutes or seconds:
        parts.append(say.cardinal(minutes))
    if seconds:
        parts.append(f"{say.cardinal(seconds)} {'seconde' if seconds == 1 else 'secondes'}")
    return " ".join(parts)


def _roman(value: int, before: str, say: Numerals) -> str:
    return "premier" if value == 1 else say.cardinal(value)


LEXICON = Lexicon(
    decimal="virgule",
    minus="moins",
    signs={
        "+": "plus",
        "-": "moins",
        "−": "moins",
        "–": "moins",
        "×": "fois",
        "*": "fois",
        "·": "fois",
        "÷": "divisé par",
        "/": "sur",
        "=": "égale",
        "<": "est inférieur à",
        ">": "est supérieur à",
        "≤": "est inférieur ou égal à",
        "≥": "est supérieur ou égal à",
        "≠": "est différent de",
        "≈": "est environ",
        "±": "plus ou moins",
        "→": "vers",
        "^": "puissance",
    },
    per="par",
    symbols={
        "²": "au carré",
        "³": "au cube",
        "&": "et",
        "+": "plus",
        "=": "égale",
        "→": "vers",
        "®": "",
        "™": "",
        "§": "paragraphe",
        "~": "environ",
        "±": "plus ou moins",
        "≈": "environ",
        "@": "arobase",
        "°": "degrés",
        "√": "racine carrée de",
    },
    range_to="à",
    address={
        ".": "point",
        "@": "arobase",
        "/": "barre oblique",
        "-": "tiret",
        "_": "tiret bas",
        ":": "deux points",
        "#": "dièse",
        "?": "point d'interrogation",
        "=": "égale",
        "&": "et",
        "+": "plus",
        "%": "pour cent",
        "~": "tilde",
        "\\": "barre oblique inverse",
    },
    number_sign="numéro",
    scales={
        "mille": ("mille", "mille"),
        "million": ("million", "millions"),
        "millions": ("million", "millions"),
        "milliard": ("milliard", "milliards"),
        "milliards": ("milliard", "milliards"),
        "M": ("million", "millions"),
        "Md": ("milliard", "milliards"),
        "k": ("mille", "mille"),
    },
    scale_link="de",
    elides=True,
    currencies={
        "USD": CurrencyWords("dollar", "dollars", "cent", "cents"),
        "EUR": CurrencyWords("euro", "euros", "centime", "centimes"),
        "GBP": CurrencyWords("livre", "livres", feminine=True),
        "BRL": CurrencyWords("réal", "réaux"),
        "JPY": CurrencyWords("yen", "yens"),
        "CHF": CurrencyWords("franc suisse", "francs suisses", "centime", "centimes"),
        "INR": CurrencyWords("roupie", "roupies", feminine=True),
    },
    fractions={
        "1/2": "un demi",
        "1/3": "un tiers",
        "2/3": "deux tiers",
        "1/4": "un quart",
        "3/4": "trois quarts",
        "1/5": "un cinquième",
        "2/5": "deux cinquièmes",
        "3/5": "trois cinquièmes",
        "4/5": "quatre cinquièmes",
        "1/8": "un huitième",
        "3/8": "trois huitièmes",
        "1/10": "un dixième",
    },
    fraction_link="et",
    feminine_nouns=frozenset(
        (
            "heure",
            "heures",
            "minute",
            "minutes",
            "seconde",
            "secondes",
            "tonne",
            "tonnes",
            "livre",
            "livres",
            "once",
            "onces",
            "calorie",
            "calories",
            "semaine",
            "semaines",
        )
    ),
    units={
        "ko": "digital-kilobyte",
        "Mo": "digital-megabyte",
        "Go": "digital-gigabyte",
        "To": "digital-terabyte",
    },
    ordinal=r"(\d[\d.]*)(?:e|ème|er|nd|(re|ère|nde))",
    first_day="premier",
    time=_time,
    roman=_roman,
    roman_suffix="(?:e|ᵉ|ème|er|(re|ère))",
    roman_after=(
        "[Cc]hapitre|[Vv]olume|[Tt]ome|[Pp]artie|[Aa]cte|Napoléon|François|Charles|Louis|Henri|Philippe|Albert|"
        "Élisabeth|Elizabeth|Jean|Paul|Pie|Léon|Mondiale"
    ),
    abbreviations={
        r"M\.(?= [A-ZÉ]| et )": "Monsieur",
        r"MM\.": "Messieurs",
        r"Mmes": "Mesdames",
        r"Mme\.?": "Madame",
        r"Mlle\.?": "Mademoiselle",
        r"Dr\.?": "Docteur",
        r"Pr\.?(?= [A-ZÉ])": "Professeur",
        r"Me(?= [A-ZÉ])": "Maître",
        r"St(?=[ -][A-ZÉ])": "Saint",
        r"Ste(?=[ -][A-ZÉ])": "Sainte",
        r"p\.\s?ex\.": "par exemple",
        r"c\.?-à-d\.?": "c'est-à-dire",
        r"etc\.?": "et cetera",
        r"[Aa]v\.": "avenue",
        r"[Bb]d\.?(?= [A-ZÉd])": "boulevard",
        r"env\.": "environ",
        r"[Aa]rt\.": "article",
        r"[Vv]ol\.": "volume",
        r"[Pp]p?\.(?= \w)": "page",
        r"[Tt]él\.": "téléphone",
        r"J\.-C\.": "Jésus-Christ",
        r"av\.(?= J)": "avant",
        r"ap\.(?= J)": "après",
        r"[Cc]hap\.": "chapitre",
        r"[Ff]ig\.": "figure",
        r"vs\.?": "contre",
        r"apr\.": "après",
        r"[Mm]in\.(?= [a-z])": "minutes",
        r"UE": "u e",
    },
)
