"""The languages and the text limit of each ElevenLabs model.

From "Models", https://elevenlabs.io/docs/overview/models, and for eleven_v3 "What models do you offer",
https://help.elevenlabs.io/hc/en-us/articles/17883183930129 (looked up 2026-11).
"""

from typing import NamedTuple

_V2 = "ar bg cs da de el en es fi fr hi hr id it ja ko ms nl pl pt ro ru sk sv ta tl tr uk zh"
_V2_5 = f"{_V2} hu no vi"
_V3 = """
af ar as az be bg bn bs ca ceb cs cy da de el en es et fa fi fr ga gl gu ha he hi hr hu hy id is it ja jv
ka kk kn ko ky lb ln lt lv mk ml mr ms ne nl no ny pa pl ps pt ro ru sd sk sl so sr sv sw ta te th tl tr
uk ur vi zh
"""


class VoiceModel(NamedTuple):
    """The documented properties of a model."""

    languages: tuple[str, ...]
    """Canonical codes."""
    max_characters: int
    """Limit of one request."""
    takes_language: bool
    """Whether the request can name the language; other models detect it."""
    reads_notation: bool
    """Whether it says numbers and dates in words; the fast models leave that to the caller by default
    (https://elevenlabs.io/docs/best-practices/prompting/normalization, looked up 2026-11)."""


MODELS = {
    "eleven_flash_v2_5": VoiceModel(tuple(_V2_5.split()), 40_000, True, False),
    "eleven_flash_v2": VoiceModel(("en",), 30_000, False, False),
    "eleven_turbo_v2_5": VoiceModel(tuple(_V2_5.split()), 40_000, True, False),
    "eleven_turbo_v2": VoiceModel(("en",), 30_000, False, False),
    "eleven_multilingual_v2": VoiceModel(tuple(_V2.split()), 10_000, False, True),
    "eleven_v3": VoiceModel(tuple(_V3.split()), 5_000, True, True),
}
