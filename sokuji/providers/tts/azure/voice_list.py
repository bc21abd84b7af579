"""The voices of Azure Speech: a table of default voices, and the service's own list.

The table holds the first monolingual voice of each language in "Language and voice support for the Speech
service", https://learn.microsoft.com/azure/ai-services/speech-service/language-support?tabs=tts (looked up
2026-11). Languages with several locales have one voice in it: en-US, es-ES, pt-BR, zh-CN.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sokuji import languages
from sokuji.contract import Voice
from sokuji.errors import ConfigError, ProviderFailed, UnsupportedLanguage

_TABLE = """
af-ZA-AdriNeural am-ET-MekdesNeural ar-EG-SalmaNeural as-IN-YashicaNeural az-AZ-BanuNeural
bg-BG-KalinaNeural bn-BD-NabanitaNeural bs-BA-VesnaNeural ca-ES-JoanaNeural cs-CZ-VlastaNeural
cy-GB-NiaNeural da-DK-ChristelNeural de-DE-KatjaNeural el-GR-AthinaNeural en-US-AvaNeural
es-ES-ElviraNeural et-EE-AnuNeural eu-ES-AinhoaNeural fa-IR-DilaraNeural fi-FI-SelmaNeural
fil-PH-BlessicaNeural fr-FR-DeniseNeural ga-IE-OrlaNeural gl-ES-SabelaNeural gu-IN-DhwaniNeural
he-IL-HilaNeural hi-IN-SwaraNeural hr-HR-GabrijelaNeural hu-HU-NoemiNeural hy-AM-AnahitNeural
id-ID-GadisNeural is-IS-GudrunNeural it-IT-ElsaNeural ja-JP-NanamiNeural jv-ID-SitiNeural ka-GE-EkaNeural
kk-KZ-AigulNeural km-KH-SreymomNeural kn-IN-SapnaNeural ko-KR-SunHiNeural lo-LA-KeomanyNeural
lt-LT-OnaNeural lv-LV-EveritaNeural mk-MK-MarijaNeural ml-IN-SobhanaNeural mn-MN-YesuiNeural
mr-IN-AarohiNeural ms-MY-YasminNeural mt-MT-GraceNeural my-MM-NilarNeural nb-NO-PernilleNeural
ne-NP-HemkalaNeural nl-NL-FennaNeural or-IN-SubhasiniNeural pa-IN-VaaniNeural pl-PL-AgnieszkaNeural
ps-AF-LatifaNeural pt-BR-FranciscaNeural ro-RO-AlinaNeural ru-RU-SvetlanaNeural si-LK-ThiliniNeural
sk-SK-ViktoriaNeural sl-SI-PetraNeural so-SO-UbaxNeural sq-AL-AnilaNeural sr-RS-SophieNeural
su-ID-TutiNeural sv-SE-SofieNeural sw-KE-ZuriNeural ta-IN-PallaviNeural te-IN-ShrutiNeural
th-TH-PremwadeeNeural tr-TR-EmelNeural uk-UA-PolinaNeural ur-PK-UzmaNeural uz-UZ-MadinaNeural
vi-VN-HoaiMyNeural zh-HK-HiuMaanNeural zh-CN-XiaoxiaoNeural zu-ZA-ThandoNeural
"""
DEFAULTS = tuple(_TABLE.split())

_SHORT_NAME = re.compile("[A-Za-z0-9:-]{1,100}")
_CANTONESE = ("zh-HK", "yue-CN")
_DIALOGUE = "MultiTalker"
"""Part of the names of voices for dialogues, whose texts have to name their speakers."""


@dataclass(frozen=True, slots=True)
class AzureVoice:
    """A voice, and the locale in which it speaks each of its languages."""

    voice: Voice
    locales: Mapping[str, str]
    """Canonical code -> locale, its own language first."""


def _code(locale: str) -> str | None:
    """The canonical code of a locale; None if the language is not known."""
    if locale in _CANTONESE:
        return "yue"
    try:
        return languages.parse(locale, "locale")
    except UnsupportedLanguage:
        return None


def _voice(name: str, display_name: str, locales: Sequence[str], gender: str) -> AzureVoice | None:
    """A voice; None if it cannot be used."""
    own = _code(locales[0])
    if own is None or not _SHORT_NAME.fullmatch(name) or _DIALOGUE in name:
        return None
    spoken = {own: locales[0]}
    for locale in locales[1:]:
        if (code := _code(locale)) and code != own:
            spoken[code] = locale if locale == USUAL_LOCALES.get(code) else spoken.get(code, locale)
    known = gender.lower()
    voice = Voice(
        id=name,
        name=display_name,
        language=locales[0],
        languages=tuple(spoken),
        gender="female" if known == "female" else "male" if known == "male" else None,
    )
    return AzureVoice(voice, spoken)


def _locale(name: str) -> str:
    """ "pt-BR-FranciscaNeural" -> "pt-BR"."""
    return "-".join(name.split("-")[:2])


USUAL_LOCALES = {code: _locale(name) for name in DEFAULTS if (code := _code(_locale(name)))}
"""Canonical code -> the preferred locale of the language."""


def voice_from_name(name: str) -> AzureVoice | None:
    """A voice as far as its short name describes it; None if it cannot be used."""
    return _voice(name, name.split("-")[-1].removesuffix("Neural"), [_locale(name)], "")


def voices_of_table() -> list[AzureVoice]:
    """The voices of the table, which are known without the service's list."""
    return [voice for voice in map(voice_from_name, DEFAULTS) if voice]


def read_voice_list(entries: Any) -> list[AzureVoice]:
    """The voices of the service's list, without those that cannot be used.

    Raises:
        ProviderFailed: ``entries`` is not such a list, or has no usable voice.
    """
    voices: list[AzureVoice | None] = []
    try:
        voices += [
            _voice(
                each["ShortName"],
                str(each.get("DisplayName", each["ShortName"])),
                [each["Locale"], *each.get("SecondaryLocaleList", ())],
                each.get("Gender", ""),
            )
            for each in entries
        ]
    except (KeyError, TypeError, AttributeError):
        voices.clear()
    if not (usable := [voice for voice in voices if voice]):
        raise ProviderFailed("Azure Speech sent an invalid list of voices")
    return usable


def default_voice_names(configured: Mapping[str, str]) -> dict[str, str]:
    """Canonical code -> name of the default voice, from the table and, overriding it, from ``configured``.

    Raises:
        ConfigError: a key of ``configured`` is not a language, or two keys are the same language.
    """
    names: dict[str, str] = {}
    for tag, name in configured.items():
        if (code := _code(tag)) is None or code in names:
            raise ConfigError(
                f"default_voices: {tag!r} is no language, or there twice; accepted: "
                f"{', '.join(USUAL_LOCALES)}",
                param="default_voices",
            )
        names[code] = name
    return {code: name for name in DEFAULTS if (code := _code(_locale(name)))} | names


def order_voices(
    offered: Sequence[AzureVoice], defaults: Mapping[str, str], sample_rate: int
) -> list[AzureVoice]:
    """The voices, ordered so that the first voice that speaks a language is its default voice.

    Default voices come first, those with the fewest languages before the others. A voice that still precedes
    the default voice of another of its languages is offered without that language.
    """
    default_names = set(defaults.values())
    first = sorted(
        (each for each in offered if each.voice.id in default_names),
        key=lambda each: len(each.voice.languages),
    )
    ordered = [*first, *(each for each in offered if each.voice.id not in default_names)]
    position = {each.voice.id: index for index, each in enumerate(ordered)}
    return [
        replace(
            each,
            voice=replace(
                each.voice,
                sample_rate=sample_rate,
                languages=tuple(
                    code for code in each.voice.languages if position.get(defaults.get(code, ""), -1) <= index
                ),
            ),
        )
        for index, each in enumerate(ordered)
    ]
