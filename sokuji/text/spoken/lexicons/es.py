"""Spanish."""

from sokuji.text.spoken.lexicon import CurrencyWords, Lexicon, Numerals


def _time(hours: int, minutes: int, seconds: int, say: Numerals) -> str:
    parts = [f"{say.feminine(hours)} {'hora' if hours == 1 else 'horas'}"]
    if minutes:
        parts.append(
            f"{'un' if minutes == 1 else say.cardinal(minutes)} {'minuto' if minutes == 1 else 'minutos'}"
        )
    if seconds:
        parts.append(
            f"{'un' if seconds == 1 else say.cardinal(seconds)} {'segundo' if seconds == 1 else 'segundos'}"
        )
    return " y ".join(parts)


_QUEENS = ("Isabel", "Beatriz")


def _roman(value: int, before: str, say: Numerals) -> str:
    counted = before[:1].islower() or before in ("Capítulo", "Tomo", "Parte", "Siglo", "Guerra")
    if value > 10 or counted:
        return say.cardinal(value)
    ordinal = say.ordinal(value)
    return f"{ordinal[:-1]}a" if before.endswith("a") or before in _QUEENS else ordinal


LEXICON = Lexicon(
    decimal="coma",
    minus="menos",
    signs={
        "+": "más",
        "-": "menos",
        "−": "menos",
        "–": "menos",
        "×": "por",
        "*": "por",
        "·": "por",
        "÷": "dividido por",
        "/": "sobre",
        "=": "es igual a",
        "<": "es menor que",
        ">": "es mayor que",
        "≤": "es menor o igual que",
        "≥": "es mayor o igual que",
        "≠": "es distinto de",
        "≈": "es aproximadamente",
        "±": "más o menos",
        "→": "a",
        "^": "elevado a",
    },
    per="por",
    symbols={
        "²": "al cuadrado",
        "³": "al cubo",
        "&": "y",
        "+": "más",
        "=": "igual a",
        "→": "a",
        "®": "",
        "™": "",
        "§": "párrafo",
        "~": "unos",
        "±": "más o menos",
        "≈": "unos",
        "@": "arroba",
        "°": "grados",
        "√": "raíz cuadrada de",
    },
    range_to="a",
    address={
        ".": "punto",
        "@": "arroba",
        "/": "barra",
        "-": "guion",
        "_": "guion bajo",
        ":": "dos puntos",
        "#": "almohadilla",
        "?": "interrogación",
        "=": "igual",
        "&": "y",
        "+": "más",
        "%": "por ciento",
        "~": "virgulilla",
        "\\": "barra invertida",
    },
    number_sign="número",
    scales={
        "mil": ("mil", "mil"),
        "millón": ("millón", "millones"),
        "millones": ("millón", "millones"),
        "billones": ("billón", "billones"),
        "M": ("millón", "millones"),
    },
    scale_link="de",
    cents_link="con",
    currencies={
        "USD": CurrencyWords("dólar", "dólares", "centavo", "centavos"),
        "EUR": CurrencyWords("euro", "euros", "céntimo", "céntimos"),
        "GBP": CurrencyWords("libra", "libras", "penique", "peniques", feminine=True),
        "BRL": CurrencyWords("real", "reales", "centavo", "centavos"),
        "JPY": CurrencyWords("yen", "yenes"),
        "MXN": CurrencyWords("peso", "pesos", "centavo", "centavos"),
        "INR": CurrencyWords("rupia", "rupias", feminine=True),
    },
    fractions={
        "1/2": "medio",
        "1/3": "un tercio",
        "2/3": "dos tercios",
        "1/4": "un cuarto",
        "3/4": "tres cuartos",
        "1/5": "un quinto",
        "2/5": "dos quintos",
        "3/5": "tres quintos",
        "4/5": "cuatro quintos",
        "1/8": "un octavo",
        "3/8": "tres octavos",
        "1/10": "un décimo",
    },
    fraction_link="y",
    feminine_noun=r"(?!días\b|mapas\b|\w*emas\b)\w{2,}as",
    feminine_nouns=frozenset(
        (
            "hora",
            "horas",
            "tonelada",
            "toneladas",
            "libra",
            "libras",
            "milla",
            "millas",
            "onza",
            "onzas",
            "caloría",
            "calorías",
            "semana",
            "semanas",
            "pulgada",
            "pulgadas",
        )
    ),
    ordinal=r"(\d[\d.]*)\.?(?:[ºo]|er|(ª|a))",
    time=_time,
    roman=_roman,
    roman_before="(Guerra|[Ee]dición|República)|Congreso|Concilio|Reich",
    roman_after=r"[Ss]iglos?|[Cc]apítulo|[Tt]omo|[Vv]olumen|[Pp]arte|Juan|Pablo|Carlos|Felipe|Isabel|Alfonso|Fernando|Enrique|Luis|Francisco|Jorge|Jaime|Napoleón|Pío|Mundial",
    abbreviations={
        r"Dra\.": "doctora",
        r"Dr\.": "doctor",
        r"Sra\.": "señora",
        r"Srta\.": "señorita",
        r"Sr\.": "señor",
        r"Sres\.": "señores",
        r"Dña\.": "doña",
        r"D\.(?= [A-Z])": "don",
        r"Prof\.": "profesor",
        r"Profa\.": "profesora",
        r"Ing\.": "ingeniero",
        r"Uds\.|Vds\.": "ustedes",
        r"Ud\.|Vd\.": "usted",
        r"p\.\s?ej\.": "por ejemplo",
        r"etc\.?": "etcétera",
        r"Avda\.|Av\.": "avenida",
        r"C/(?= ?[A-Z])": "calle ",
        r"[Pp]ágs?\.": "página",
        r"[Tt]el\.": "teléfono",
        r"[Tt]eléf\.": "teléfono",
        r"aprox\.": "aproximadamente",
        r"EE\.\s?UU\.|EEUU": "Estados Unidos",
        r"UE": "u e",
        r"a\.\s?C\.": "antes de Cristo",
        r"d\.\s?C\.": "después de Cristo",
        r"[Cc]ap\.": "capítulo",
        r"[Vv]ol\.": "volumen",
        r"[Aa]rt\.": "artículo",
        r"[Ff]ig\.": "figura",
        r"vs\.": "contra",
        r"Sto\.": "santo",
        r"Sta\.": "santa",
        r"S\.\s?A\.": "ese a",
        r"[Mm]in\.(?= [a-z])": "minutos",
        r"Jr\.": "júnior",
    },
)
