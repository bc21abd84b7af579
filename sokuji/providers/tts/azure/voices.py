"""The voices of Azure's Speech service: who speaks where none is asked for, and what the service's list says.

The table holds the first voice of each language in "Language and voice support for the Speech service",
https://learn.microsoft.com/azure/ai-services/speech-service/language-support?tabs=tts (looked up 2026-11), of
those for one language alone. Of a language with several locales it has one: en-US, es-ES, pt-BR, zh-CN.
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
_UNFIT = "MultiTalker"
"""Voices for dialogues, which take a text that names its speakers."""


@dataclass(frozen=True, slots=True)
class AzureVoice:
    """A voice, and the locale that it is told for each language which is not its own."""

    voice: Voice
    locales: Mapping[str, str]
    """Canonical code -> locale, its own language first."""


def _code(locale: str) -> str | None:
    """The canonical code of a locale; None for a language that nothing here knows."""
    if locale in _CANTONESE:
        return "yue"
    try:
        return languages.parse(locale, "locale")
    except UnsupportedLanguage:
        return None


def _made(name: str, shown: str, locales: Sequence[str], gender: str) -> AzureVoice | None:
    """A voice; None for one that cannot be used here."""
    own = _code(locales[0])
    if own is None or not _SHORT_NAME.fullmatch(name) or _UNFIT in name:
        return None
    spoken = {own: locales[0]}
    for locale in locales[1:]:
        if (code := _code(locale)) and code != own:
            spoken[code] = locale if locale == USUAL_LOCALES.get(code) else spoken.get(code, locale)
    known = gender.lower()
    voice = Voice(
        id=name,
        name=shown,
        language=locales[0],
        languages=tuple(spoken),
        gender="female" if known == "female" else "male" if known == "male" else None,
    )
    return AzureVoice(voice, spoken)


def _locale(name: str) -> str:
    """ "pt-BR-FranciscaNeural" -> "pt-BR"."""
    return "-".join(name.split("-")[:2])


USUAL_LOCALES = {code: _locale(name) for name in DEFAULTS if (code := _code(_locale(name)))}
"""Canonical code -> the locale that stands for it."""


def by_name(name: str) -> AzureVoice | None:
    """What the short name of a voice tells of it; None: it is none that can be used here."""
    return _made(name, name.split("-")[-1].removesuffix("Neural"), [_locale(name)], "")


def by_table() -> list[AzureVoice]:
    """The voices that are known without asking the service."""
    return [voice for voice in map(by_name, DEFAULTS) if voice]


def from_list(told: Any) -> list[AzureVoice]:
    """The voices of the service's list; those in languages that nothing here knows are left out.

    Raises:
        ProviderFailed: it is no such list, or empty.
    """
    made: list[AzureVoice | None] = []
    try:
        made += [
            _made(
                each["ShortName"],
                str(each.get("DisplayName", each["ShortName"])),
                [each["Locale"], *each.get("SecondaryLocaleList", ())],
                each.get("Gender", ""),
            )
            for each in told
        ]
    except (KeyError, TypeError, AttributeError):
        made.clear()
    if not (read := [voice for voice in made if voice]):
        raise ProviderFailed("Azure Speech sent a list of voices that cannot be read")
    return read


def choose_defaults(chosen: Mapping[str, str]) -> dict[str, str]:
    """Canonical code -> the voice that speaks where none is asked for: the table, and over it ``chosen``.

    Raises:
        ConfigError: a key of ``chosen`` is no language, or there are two for one.
    """
    own: dict[str, str] = {}
    for tag, name in chosen.items():
        if (code := _code(tag)) is None or code in own:
            raise ConfigError(
                f"default_voices: {tag!r} is no language, or there twice; accepted: "
                f"{', '.join(USUAL_LOCALES)}",
                param="default_voices",
            )
        own[code] = name
    return {code: name for name in DEFAULTS if (code := _code(_locale(name)))} | own


def in_order(
    offered: Sequence[AzureVoice], defaults: Mapping[str, str], sample_rate: int
) -> list[AzureVoice]:
    """The voices as they are offered: for each language its default voice is the first that speaks it.

    Defaults for one language come first. Where a default voice would still come before the default of
    another one of its languages, it does not speak that one.
    """
    named = set(defaults.values())
    first = sorted(
        (each for each in offered if each.voice.id in named), key=lambda each: len(each.voice.languages)
    )
    ordered = [*first, *(each for each in offered if each.voice.id not in named)]
    place = {each.voice.id: index for index, each in enumerate(ordered)}
    return [
        replace(
            each,
            voice=replace(
                each.voice,
                sample_rate=sample_rate,
                languages=tuple(
                    code for code in each.voice.languages if place.get(defaults.get(code, ""), -1) <= index
                ),
            ),
        )
        for index, each in enumerate(ordered)
    ]
