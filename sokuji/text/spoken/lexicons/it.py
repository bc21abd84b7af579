"""Italian."""

from sokuji.text.spoken.lexicon import CurrencyWords, Lexicon, Numerals


def _time(hours: int, minutes: int, seconds: int, say: Numerals) -> str:
    parts = [say.feminine(hours) if hours == 1 else say.cardinal(hours)]
    if minutes or seconds:
        parts.append(say.cardinal(minutes))
    if seconds:
        parts.append(f"{say.cardinal(seconds)} {'secondo' if seconds == 1 else 'secondi'}")
    return " e ".join(parts)


def _roman(value: int, before: str, say: Numerals) -> str:
    ordinal = say.ordinal(value)
    return ordinal[:-1] + "a" if before.lower() in ("guerra", "parte", "edizione") else ordinal


LEXICON = Lexicon(
    decimal="virgola",
    minus="meno",
    signs={
        "+": "più",
        "-": "meno",
        "−": "meno",
        "–": "meno",
        "×": "per",
        "*": "per",
        "·": "per",
        "÷": "diviso",
        "/": "su",
        "=": "uguale a",
        "<": "è minore di",
        ">": "è maggiore di",
        "≤": "è minore o uguale a",
        "≥": "è maggiore o uguale a",
        "≠": "è diverso da",
        "≈": "è circa",
        "±": "più o meno",
        "→": "a",
        "^": "alla",
    },
    per="al",
    symbols={
        "²": "al quadrato",
        "³": "al cubo",
        "&": "e",
        "+": "più",
        "=": "uguale a",
        "→": "a",
        "®": "",
        "™": "",
        "§": "paragrafo",
        "~": "circa",
        "±": "più o meno",
        "≈": "circa",
        "@": "chiocciola",
        "°": "gradi",
        "√": "radice quadrata di",
    },
    range_to="a",
    address={
        ".": "punto",
        "@": "chiocciola",
        "/": "barra",
        "-": "trattino",
        "_": "trattino basso",
        ":": "due punti",
        "#": "cancelletto",
        "?": "punto interrogativo",
        "=": "uguale",
        "&": "e commerciale",
        "+": "più",
        "%": "per cento",
        "~": "tilde",
        "\\": "barra inversa",
    },
    number_sign="numero",
    scales={
        "mila": ("mila", "mila"),
        "milione": ("milione", "milioni"),
        "milioni": ("milione", "milioni"),
        "miliardo": ("miliardo", "miliardi"),
        "miliardi": ("miliardo", "miliardi"),
        "mln": ("milione", "milioni"),
        "mld": ("miliardo", "miliardi"),
    },
    scale_link="di",
    cents_link="e",
    currencies={
        "USD": CurrencyWords("dollaro", "dollari", "centesimo", "centesimi"),
        "EUR": CurrencyWords("euro", "euro", "centesimo", "centesimi"),
        "GBP": CurrencyWords("sterlina", "sterline", feminine=True),
        "BRL": CurrencyWords("real", "real", "centavo", "centavos"),
        "JPY": CurrencyWords("yen", "yen"),
        "INR": CurrencyWords("rupia", "rupie", feminine=True),
    },
    fractions={
        "1/2": "un mezzo",
        "1/3": "un terzo",
        "2/3": "due terzi",
        "1/4": "un quarto",
        "3/4": "tre quarti",
        "1/5": "un quinto",
        "2/5": "due quinti",
        "3/5": "tre quinti",
        "4/5": "quattro quinti",
        "1/8": "un ottavo",
        "3/8": "tre ottavi",
        "1/10": "un decimo",
    },
    fraction_link="e",
    feminine_nouns=frozenset(
        (
            "ora",
            "tonnellata",
            "tonnellate",
            "libbra",
            "libbre",
            "oncia",
            "once",
            "caloria",
            "calorie",
            "settimana",
            "settimane",
        )
    ),
    ordinal=r"(\d[\d.]*)(?:º|(ª))",
    first_day="primo",
    time=_time,
    roman=_roman,
    roman_before="([Gg]uerra|[Ee]dizione|Repubblica)|[Ss]ecolo|Congresso|Concilio|Reich",
    roman_after=(
        "[Ss]ecolo|[Cc]apitolo|[Vv]olume|[Tt]omo|[Pp]arte|[Aa]tto|Umberto|Vittorio|Emanuele|Luigi|Carlo|Enrico|"
        "Filippo|Federico|Pio|Giovanni|Paolo|Leone|Napoleone|Elisabetta|Francesco|Mondiale"
    ),
    abbreviations={
        r"Sigg\.": "Signori",
        r"Sig\.ra": "Signora",
        r"Sig\.na": "Signorina",
        r"Sig\.": "Signor",
        r"Dott\.ssa|Dr\.ssa": "Dottoressa",
        r"Dott\.|Dr\.": "Dottor",
        r"Prof\.ssa": "Professoressa",
        r"Prof\.": "Professor",
        r"Ing\.": "Ingegner",
        r"Avv\.": "Avvocato",
        r"p\.\s?es\.|ad es\.": "per esempio",
        r"ecc\.?": "eccetera",
        r"[Pp]agg?\.": "pagina",
        r"[Tt]el\.": "telefono",
        r"a\.\s?C\.": "avanti Cristo",
        r"d\.\s?C\.": "dopo Cristo",
        r"V\.le": "Viale",
        r"P\.za|P\.zza": "Piazza",
        r"C\.so": "Corso",
        r"[Cc]ap\.": "capitolo",
        r"[Vv]ol\.": "volume",
        r"[Aa]rt\.": "articolo",
        r"[Ff]ig\.": "figura",
        r"vs\.?": "contro",
        r"S\.p\.A\.|SpA": "esse pi a",
        r"S\.(?= [A-Z])": "San",
        r"[Mm]in\.(?= [a-z])": "minuti",
        r"c\.a\.|ca\.": "circa",
        r"UE": "u e",
    },
)
