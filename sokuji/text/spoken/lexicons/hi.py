"""Hindi."""

from sokuji.text.spoken.lexicon import CurrencyWords, Lexicon, Numerals


def _time(hours: int, minutes: int, seconds: int, say: Numerals) -> str:
    parts = (
        [f"{say.cardinal(hours)} बजे"]
        if not minutes
        else [f"{say.cardinal(hours)} बजकर {say.cardinal(minutes)} मिनट"]
    )
    return " ".join([*parts, f"{say.cardinal(seconds)} सेकंड"] if seconds else parts)


LEXICON = Lexicon(
    decimal="दशमलव",
    joins_decimals=False,
    minus="माइनस",
    signs={
        "+": "जोड़",
        "-": "घटा",
        "−": "घटा",
        "×": "गुणा",
        "*": "गुणा",
        "÷": "भाग",
        "=": "बराबर",
        "<": "से कम",
        ">": "से अधिक",
        "±": "प्लस माइनस",
    },
    symbols={"&": "और", "+": "प्लस", "=": "बराबर", "@": "ऐट", "°": "डिग्री"},
    range_to="से",
    address={".": "डॉट", "@": "ऐट", "/": "स्लैश", "-": "डैश", "_": "अंडरस्कोर", ":": "कोलन"},
    number_sign="नंबर",
    scales={"हज़ार": ("हज़ार", "हज़ार"), "लाख": ("लाख", "लाख"), "करोड़": ("करोड़", "करोड़"), "अरब": ("अरब", "अरब")},
    currencies={
        "INR": CurrencyWords("रुपया", "रुपये", "पैसा", "पैसे"),
        "USD": CurrencyWords("डॉलर", "डॉलर", "सेंट", "सेंट"),
        "EUR": CurrencyWords("यूरो", "यूरो", "सेंट", "सेंट"),
        "GBP": CurrencyWords("पाउंड", "पाउंड"),
        "JPY": CurrencyWords("येन", "येन"),
    },
    fractions={"1/2": "आधा", "1/4": "एक चौथाई", "3/4": "तीन चौथाई"},
    time=_time,
    abbreviations={r"डॉ\.": "डॉक्टर", r"प्रो\.": "प्रोफेसर", r"रु\.": "रुपये", r"श्री\.": "श्री"},
)
