"""Portuguese."""

import re

from sokuji.text.spoken.lexicon import CurrencyWords, Lexicon, Numerals

_QUEENS = ("Isabel", "Beatriz", "Elizabeth")
_COUNTED = re.compile("cap[ií]tulo|parte|volume|ato|guerra|século|séculos", re.IGNORECASE)


def _time(hours: int, minutes: int, seconds: int, say: Numerals) -> str:
    parts = [f"{say.feminine(hours)} {'hora' if hours == 1 else 'horas'}"]
    if minutes:
        parts.append(f"{say.cardinal(minutes)} {'minuto' if minutes == 1 else 'minutos'}")
    if seconds:
        parts.append(f"{say.cardinal(seconds)} {'segundo' if seconds == 1 else 'segundos'}")
    return " e ".join(parts)


def _roman(value: int, before: str, say: Numerals) -> str:
    if value > 10 or _COUNTED.fullmatch(before):
        return say.cardinal(value)
    ordinal = say.ordinal(value)
    return f"{ordinal[:-1]}a" if before.endswith("a") or before in _QUEENS else ordinal


LEXICON = Lexicon(
    decimal="vírgula",
    minus="menos",
    signs={
        "+": "mais",
        "-": "menos",
        "−": "menos",
        "–": "menos",
        "×": "vezes",
        "*": "vezes",
        "·": "vezes",
        "÷": "dividido por",
        "/": "sobre",
        "=": "é igual a",
        "<": "é menor que",
        ">": "é maior que",
        "≤": "é menor ou igual a",
        "≥": "é maior ou igual a",
        "≠": "é diferente de",
        "≈": "é aproximadamente",
        "±": "mais ou menos",
        "→": "para",
        "^": "elevado a",
    },
    per="por",
    symbols={
        "²": "ao quadrado",
        "³": "ao cubo",
        "&": "e",
        "+": "mais",
        "=": "igual a",
        "→": "para",
        "®": "",
        "™": "",
        "§": "parágrafo",
        "~": "cerca de",
        "±": "mais ou menos",
        "≈": "cerca de",
        "@": "arroba",
        "°": "graus",
        "√": "raiz quadrada de",
    },
    range_to="a",
    address={
        ".": "ponto",
        "@": "arroba",
        "/": "barra",
        "-": "traço",
        "_": "sublinhado",
        ":": "dois pontos",
        "#": "cerquilha",
        "?": "interrogação",
        "=": "igual",
        "&": "e comercial",
        "+": "mais",
        "%": "por cento",
        "~": "til",
        "\\": "barra invertida",
    },
    number_sign="número",
    scales={
        "mil": ("mil", "mil"),
        "milhão": ("milhão", "milhões"),
        "milhões": ("milhão", "milhões"),
        "mi": ("milhão", "milhões"),
        "bilhão": ("bilhão", "bilhões"),
        "bilhões": ("bilhão", "bilhões"),
        "bi": ("bilhão", "bilhões"),
        "trilhões": ("trilhão", "trilhões"),
    },
    scale_link="de",
    cents_link="e",
    currencies={
        "USD": CurrencyWords("dólar", "dólares", "centavo", "centavos"),
        "EUR": CurrencyWords("euro", "euros", "cêntimo", "cêntimos"),
        "GBP": CurrencyWords("libra", "libras", "pêni", "pence", feminine=True),
        "BRL": CurrencyWords("real", "reais", "centavo", "centavos"),
        "JPY": CurrencyWords("iene", "ienes"),
        "INR": CurrencyWords("rúpia", "rúpias", feminine=True),
    },
    fractions={
        "1/2": "meio",
        "1/3": "um terço",
        "2/3": "dois terços",
        "1/4": "um quarto",
        "3/4": "três quartos",
        "1/5": "um quinto",
        "2/5": "dois quintos",
        "3/5": "três quintos",
        "4/5": "quatro quintos",
        "1/8": "um oitavo",
        "3/8": "três oitavos",
        "1/10": "um décimo",
    },
    fraction_link="e",
    feminine_noun=r"(?!dias\b|mas\b|mapas\b|\w*emas\b)\w{2,}[aã]s",
    feminine_nouns=frozenset(
        (
            "hora",
            "horas",
            "tonelada",
            "toneladas",
            "libra",
            "libras",
            "milha",
            "milhas",
            "onça",
            "onças",
            "caloria",
            "calorias",
            "semana",
            "semanas",
        )
    ),
    ordinal=r"(\d[\d.]*)\.?(?:[ºo]|(ª|a))",
    first_day="primeiro",
    time=_time,
    roman=_roman,
    roman_before="(Guerra|[Ee]dição|Conferência|Semana|República)|Congresso|Encontro|Concílio|Reich|Encontro",
    roman_after=r"[Ss]éculos?|[Cc]apítulo|[Vv]olume|[Pp]arte|[Aa]to|Pedro|João|Luís|Afonso|Manuel|Sancho|Dinis|Carlos|Filipe|Felipe|Isabel|Elizabeth|Henrique|Jorge|Maria|Francisco|Fernando|Napoleão|Pio|Paulo|Leão|Mundial",
    abbreviations={
        r"Dra\.": "Doutora",
        r"Dr\.": "Doutor",
        r"Drs\.": "Doutores",
        r"Sra\.": "Senhora",
        r"Srta\.": "Senhorita",
        r"Sr\.": "Senhor",
        r"Srs\.": "Senhores",
        r"Profa\.|Prof\.ª": "Professora",
        r"Prof\.": "Professor",
        r"Eng\.º?": "Engenheiro",
        r"Exmo\.": "Excelentíssimo",
        r"Exma\.": "Excelentíssima",
        r"D\.(?= [A-Z])": "Dom",
        r"Sto\.": "Santo",
        r"Sta\.": "Santa",
        r"p\.\s?ex\.": "por exemplo",
        r"i\.\s?e\.": "isto é",
        r"etc\.?": "et cétera",
        r"[Aa]v\.": "Avenida",
        r"R\.(?= [A-Z])": "Rua",
        r"[Pp]ágs?\.": "página",
        r"[Tt]el\.": "telefone",
        r"vs\.": "versus",
        r"aprox\.": "aproximadamente",
        r"Ltda\.": "Limitada",
        r"Cia\.": "Companhia",
        r"Jr\.": "Júnior",
        r"séc\.": "século",
        r"a\.\s?C\.": "antes de Cristo",
        r"d\.\s?C\.": "depois de Cristo",
        r"[Cc]ap\.": "capítulo",
        r"[Vv]ol\.": "volume",
        r"[Aa]rt\.": "artigo",
        r"[Ff]ig\.": "figura",
        r"[Mm]in\.(?= [a-z])": "minutos",
        r"[Ee]d\.": "edição",
        r"[Oo]bs\.": "observação",
        r"[Dd]epto\.": "departamento",
    },
)
