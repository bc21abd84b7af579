"""Japanese. Numbers stay digits, which the voice reads."""

from sokuji.text.spoken.lexicon import CurrencyWords, Lexicon, Numerals


def _time(hours: int, minutes: int, seconds: int, say: Numerals) -> str:
    clock = f"{say.cardinal(hours)}時{say.cardinal(minutes)}分" if minutes else f"{say.cardinal(hours)}時"
    return f"{clock}{say.cardinal(seconds)}秒" if seconds else clock


LEXICON = Lexicon(
    joins_decimals=False,
    minus="マイナス",
    signs={
        "+": "たす",
        "-": "ひく",
        "−": "ひく",
        "×": "かける",
        "*": "かける",
        "÷": "わる",
        "=": "は",
        "<": "小なり",
        ">": "大なり",
        "±": "プラスマイナス",
    },
    symbols={
        "&": "アンド",
        "+": "プラス",
        "=": "イコール",
        "@": "アットマーク",
        "°": "度",
        "→": "から",
        "〜": "から",
        "~": "から",
    },
    range_to="から",
    address={
        ".": "ドット",
        "@": "アットマーク",
        "/": "スラッシュ",
        "-": "ハイフン",
        "_": "アンダーバー",
        ":": "コロン",
    },
    currencies={
        "JPY": CurrencyWords("円", "円"),
        "USD": CurrencyWords("ドル", "ドル", "セント", "セント"),
        "EUR": CurrencyWords("ユーロ", "ユーロ", "セント", "セント"),
        "GBP": CurrencyWords("ポンド", "ポンド"),
        "CNY": CurrencyWords("元", "元"),
    },
    scales={"万": ("万", "万"), "億": ("億", "億"), "兆": ("兆", "兆")},
    fractions={"1/2": "2分の1", "1/3": "3分の1", "2/3": "3分の2", "1/4": "4分の1", "3/4": "4分の3"},
    time=_time,
)
