"""The one table of languages: canonical code <-> the names that models and services give to it.

Canonical is the shortest BCP-47 primary subtag, with CLDR's legacy aliases resolved; script and region are
dropped, because no model here tells them apart. Covered are the languages that Whisper can recognise. The
other columns follow the FLORES-200 language list (NLLB), DeepL's list of supported languages, the voices of
the espeak-ng data inside ``piper-tts``, and Kokoro's pipeline letters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sokuji.errors import UnsupportedLanguage

AUTO = "auto"
"""What a client writes to have the source language detected."""

MAX_TAG_LENGTH = 35
"""Longer tags are refused; RFC 5646, section 4.4.1, asks for at least 35 characters."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language under all its names; None: the model or service does not know it."""

    code: str
    """Canonical code."""
    name: str
    """English name."""
    whisper: str | None
    """Whisper's language token, without its brackets. ``yue`` exists from large-v3 on only."""
    nllb: str | None
    """FLORES-200 code of the usual script."""
    deepl: str | None
    """DeepL's code as a source. As a target, EN, PT and ZH should carry a variant (EN-US, PT-BR, ZH-HANS)."""
    espeak: str | None
    """espeak-ng voice."""
    kokoro: str | None
    """Kokoro's pipeline letter; British English would be ``b``."""


_TABLE = (
    Language("af", "Afrikaans", "af", "afr_Latn", "AF", "af", None),
    Language("am", "Amharic", "am", "amh_Ethi", None, "am", None),
    Language("ar", "Arabic", "ar", "arb_Arab", "AR", "ar", None),
    Language("as", "Assamese", "as", "asm_Beng", "AS", "as", None),
    Language("az", "Azerbaijani", "az", "azj_Latn", "AZ", "az", None),
    Language("ba", "Bashkir", "ba", "bak_Cyrl", "BA", "ba", None),
    Language("be", "Belarusian", "be", "bel_Cyrl", "BE", "be", None),
    Language("bg", "Bulgarian", "bg", "bul_Cyrl", "BG", "bg", None),
    Language("bn", "Bengali", "bn", "ben_Beng", "BN", "bn", None),
    Language("bo", "Tibetan", "bo", "bod_Tibt", None, None, None),
    Language("br", "Breton", "br", None, "BR", None, None),
    Language("bs", "Bosnian", "bs", "bos_Latn", "BS", "bs", None),
    Language("ca", "Catalan", "ca", "cat_Latn", "CA", "ca", None),
    Language("cs", "Czech", "cs", "ces_Latn", "CS", "cs", None),
    Language("cy", "Welsh", "cy", "cym_Latn", "CY", "cy", None),
    Language("da", "Danish", "da", "dan_Latn", "DA", "da", None),
    Language("de", "German", "de", "deu_Latn", "DE", "de", None),
    Language("el", "Greek", "el", "ell_Grek", "EL", "el", None),
    Language("en", "English", "en", "eng_Latn", "EN", "en-us", "a"),
    Language("es", "Spanish", "es", "spa_Latn", "ES", "es", "e"),
    Language("et", "Estonian", "et", "est_Latn", "ET", "et", None),
    Language("eu", "Basque", "eu", "eus_Latn", "EU", "eu", None),
    Language("fa", "Persian", "fa", "pes_Arab", "FA", "fa", None),
    Language("fi", "Finnish", "fi", "fin_Latn", "FI", "fi", None),
    Language("fo", "Faroese", "fo", "fao_Latn", None, None, None),
    Language("fr", "French", "fr", "fra_Latn", "FR", "fr", "f"),
    Language("gl", "Galician", "gl", "glg_Latn", "GL", None, None),
    Language("gu", "Gujarati", "gu", "guj_Gujr", "GU", "gu", None),
    Language("ha", "Hausa", "ha", "hau_Latn", "HA", None, None),
    Language("haw", "Hawaiian", "haw", None, None, "haw", None),
    Language("he", "Hebrew", "he", "heb_Hebr", "HE", "he", None),
    Language("hi", "Hindi", "hi", "hin_Deva", "HI", "hi", "h"),
    Language("hr", "Croatian", "hr", "hrv_Latn", "HR", "hr", None),
    Language("ht", "Haitian Creole", "ht", "hat_Latn", "HT", "ht", None),
    Language("hu", "Hungarian", "hu", "hun_Latn", "HU", "hu", None),
    Language("hy", "Armenian", "hy", "hye_Armn", "HY", "hy", None),
    Language("id", "Indonesian", "id", "ind_Latn", "ID", "id", None),
    Language("is", "Icelandic", "is", "isl_Latn", "IS", "is", None),
    Language("it", "Italian", "it", "ita_Latn", "IT", "it", "i"),
    Language("ja", "Japanese", "ja", "jpn_Jpan", "JA", "ja", "j"),
    Language("jv", "Javanese", "jw", "jav_Latn", "JV", None, None),
    Language("ka", "Georgian", "ka", "kat_Geor", "KA", "ka", None),
    Language("kk", "Kazakh", "kk", "kaz_Cyrl", "KK", "kk", None),
    Language("km", "Khmer", "km", "khm_Khmr", None, None, None),
    Language("kn", "Kannada", "kn", "kan_Knda", None, "kn", None),
    Language("ko", "Korean", "ko", "kor_Hang", "KO", "ko", None),
    Language("la", "Latin", "la", None, "LA", "la", None),
    Language("lb", "Luxembourgish", "lb", "ltz_Latn", "LB", "lb", None),
    Language("ln", "Lingala", "ln", "lin_Latn", "LN", None, None),
    Language("lo", "Lao", "lo", "lao_Laoo", None, None, None),
    Language("lt", "Lithuanian", "lt", "lit_Latn", "LT", "lt", None),
    Language("lv", "Latvian", "lv", "lvs_Latn", "LV", "lv", None),
    Language("mg", "Malagasy", "mg", "plt_Latn", "MG", None, None),
    Language("mi", "Māori", "mi", "mri_Latn", "MI", "mi", None),
    Language("mk", "Macedonian", "mk", "mkd_Cyrl", "MK", "mk", None),
    Language("ml", "Malayalam", "ml", "mal_Mlym", "ML", "ml", None),
    Language("mn", "Mongolian", "mn", "khk_Cyrl", "MN", "mn", None),
    Language("mr", "Marathi", "mr", "mar_Deva", "MR", "mr", None),
    Language("ms", "Malay", "ms", "zsm_Latn", "MS", "ms", None),
    Language("mt", "Maltese", "mt", "mlt_Latn", "MT", "mt", None),
    Language("my", "Burmese", "my", "mya_Mymr", "MY", "my", None),
    Language("ne", "Nepali", "ne", "npi_Deva", "NE", "ne", None),
    Language("nl", "Dutch", "nl", "nld_Latn", "NL", "nl", None),
    Language("nn", "Norwegian Nynorsk", "nn", "nno_Latn", None, None, None),
    Language("no", "Norwegian", "no", "nob_Latn", "NB", "nb", None),
    Language("oc", "Occitan", "oc", "oci_Latn", "OC", None, None),
    Language("pa", "Punjabi", "pa", "pan_Guru", "PA", "pa", None),
    Language("pl", "Polish", "pl", "pol_Latn", "PL", "pl", None),
    Language("ps", "Pashto", "ps", "pbt_Arab", "PS", None, None),
    Language("pt", "Portuguese", "pt", "por_Latn", "PT", "pt-br", "p"),
    Language("ro", "Romanian", "ro", "ron_Latn", "RO", "ro", None),
    Language("ru", "Russian", "ru", "rus_Cyrl", "RU", "ru", None),
    Language("sa", "Sanskrit", "sa", "san_Deva", "SA", None, None),
    Language("sd", "Sindhi", "sd", "snd_Arab", None, "sd", None),
    Language("si", "Sinhala", "si", "sin_Sinh", None, "si", None),
    Language("sk", "Slovak", "sk", "slk_Latn", "SK", "sk", None),
    Language("sl", "Slovenian", "sl", "slv_Latn", "SL", "sl", None),
    Language("sn", "Shona", "sn", "sna_Latn", None, None, None),
    Language("so", "Somali", "so", "som_Latn", None, None, None),
    Language("sq", "Albanian", "sq", "als_Latn", "SQ", "sq", None),
    Language("sr", "Serbian", "sr", "srp_Cyrl", "SR", "sr", None),
    Language("su", "Sundanese", "su", "sun_Latn", "SU", None, None),
    Language("sv", "Swedish", "sv", "swe_Latn", "SV", "sv", None),
    Language("sw", "Swahili", "sw", "swh_Latn", "SW", "sw", None),
    Language("ta", "Tamil", "ta", "tam_Taml", "TA", "ta", None),
    Language("te", "Telugu", "te", "tel_Telu", "TE", "te", None),
    Language("tg", "Tajik", "tg", "tgk_Cyrl", "TG", None, None),
    Language("th", "Thai", "th", "tha_Thai", "TH", "th", None),
    Language("tk", "Turkmen", "tk", "tuk_Latn", "TK", "tk", None),
    Language("tl", "Filipino", "tl", "tgl_Latn", "TL", None, None),
    Language("tr", "Turkish", "tr", "tur_Latn", "TR", "tr", None),
    Language("tt", "Tatar", "tt", "tat_Cyrl", "TT", "tt", None),
    Language("uk", "Ukrainian", "uk", "ukr_Cyrl", "UK", "uk", None),
    Language("ur", "Urdu", "ur", "urd_Arab", "UR", "ur", None),
    Language("uz", "Uzbek", "uz", "uzn_Latn", "UZ", "uz", None),
    Language("vi", "Vietnamese", "vi", "vie_Latn", "VI", "vi", None),
    Language("yi", "Yiddish", "yi", "ydd_Hebr", "YI", None, None),
    Language("yo", "Yoruba", "yo", "yor_Latn", None, None, None),
    Language("yue", "Cantonese", "yue", "yue_Hant", "YUE", "yue", None),
    Language("zh", "Chinese", "zh", "zho_Hans", "ZH", "cmn", "z"),
)

LANGUAGES: Mapping[str, Language] = MappingProxyType({language.code: language for language in _TABLE})
"""Canonical code -> language."""

_ALIASES = {
    "cmn": "zh",
    "fil": "tl",
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "jw": "jv",
    "mo": "ro",
    "nb": "no",
}
"""Other primary subtags for a language of the table. Whisper's Norwegian (``no``) is Bokmål."""

_FROM_WHISPER = {language.whisper: language.code for language in _TABLE}
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*")
_EXTENDED = re.compile(r"[a-z]{3}")


def parse(tag: str, param: str) -> str:
    """The canonical code of a BCP-47 tag in any case, with ``-`` or ``_``: "PT_br" -> "pt".

    Args:
        tag: what the client sent.
        param: the field it came in, for the error.

    Raises:
        UnsupportedLanguage: no such language; the message lists the accepted codes.
    """
    return _resolve(tag, param, tuple(LANGUAGES))


def parse_source(tag: str, param: str = "source_language") -> str | None:
    """Like ``parse``, but "auto" is None: detect the language.

    Raises:
        UnsupportedLanguage: neither "auto" nor a language of the table.
    """
    if tag.lower() == AUTO:
        return None
    return _resolve(tag, param, (AUTO, *LANGUAGES))


def from_whisper(code: str) -> str:
    """The canonical code of a Whisper language token (``jw`` -> ``jv``).

    Raises:
        KeyError: Whisper has no such token.
    """
    return _FROM_WHISPER[code]


def _resolve(tag: str, param: str, accepted: tuple[str, ...]) -> str:
    # Lower case maps a few characters outside ASCII into it: the Kelvin sign is no k.
    code = _primary(tag) if len(tag) <= MAX_TAG_LENGTH and tag.isascii() else ""
    code = _ALIASES.get(code, code)
    if code not in LANGUAGES:
        shown = tag if len(tag) <= MAX_TAG_LENGTH else tag[:MAX_TAG_LENGTH] + "..."
        raise UnsupportedLanguage(
            f"{param} {shown!r} is not a known language; accepted: {', '.join(accepted)}", param=param
        )
    return code


def _primary(tag: str) -> str:
    """The subtag that names the language, or "" where ``tag`` is not well-formed."""
    folded = tag.lower().replace("_", "-")
    if not _TAG.fullmatch(folded):
        return ""
    primary, *rest = folded.split("-")
    # RFC 5646, section 4.5: an extended language subtag stands for itself (zh-yue is yue).
    return rest[0] if rest and _EXTENDED.fullmatch(rest[0]) else primary
