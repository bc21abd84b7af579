"""Azure's text to speech as its documentation describes it: SSML in, raw samples out, and a list of voices.

https://learn.microsoft.com/azure/ai-services/speech-service/rest-text-to-speech, looked up 2026-11.
"""

import xml.etree.ElementTree as ElementTree
from typing import Any

from tests.support.cloud.server import KEY, Request, Response, reply
from tests.support.cloud.sounds import cut, spoken

FORMATS = {
    "raw-8khz-16bit-mono-pcm": 8_000,
    "raw-16khz-16bit-mono-pcm": 16_000,
    "raw-22050hz-16bit-mono-pcm": 22_050,
    "raw-24khz-16bit-mono-pcm": 24_000,
    "raw-44100hz-16bit-mono-pcm": 44_100,
    "raw-48khz-16bit-mono-pcm": 48_000,
}
SSML = "{http://www.w3.org/2001/10/synthesis}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
PIECE = 1_001


def voice(name: str, gender: str = "Female", secondary: list[str] | None = None) -> dict[str, Any]:
    """An entry of the list."""
    more = {"SecondaryLocaleList": secondary} if secondary else {}
    return {
        "Name": f"Microsoft Server Speech Text to Speech Voice ({name})",
        "DisplayName": name.split("-")[-1].removesuffix("Neural"),
        "ShortName": name,
        "Gender": gender,
        "Locale": "-".join(name.split("-")[:2]),
        "SampleRateHertz": "24000",
        "VoiceType": "Neural",
        "Status": "GA",
        **more,
    }


VOICES = [
    voice("en-US-AvaMultilingualNeural", "Female", ["de-DE", "en-GB", "pt-PT", "pt-BR", "wuu-CN"]),
    voice("de-DE-SeraphinaMultilingualNeural", "Female", ["en-US"]),
    voice("en-US-GuyNeural", "Male"),
    voice("en-US-AvaNeural"),
    voice("pt-BR-FranciscaNeural"),
    voice("nb-NO-PernilleNeural"),
    voice("zh-HK-HiuMaanNeural"),
    voice("wuu-CN-XiaotongNeural"),
    voice("en-US-MultiTalker-Ava-Andrew:DragonHDLatestNeural", "Neutral"),
]


async def service(request: Request) -> Response:
    """Answer as the service does."""
    if request.headers.get("ocp-apim-subscription-key") != KEY:
        return Response(status=401)
    if (request.method, request.path) == ("GET", "/cognitiveservices/voices/list"):
        return reply(VOICES)
    if (request.method, request.path) != ("POST", "/cognitiveservices/v1"):
        return Response(status=404)
    if request.headers.get("content-type") != "application/ssml+xml":
        return Response(status=415)
    rate = FORMATS.get(request.headers.get("x-microsoft-outputformat", ""))
    text = words(request.body)
    if rate is None or text is None or not request.headers.get("user-agent"):
        return Response(status=400)
    return Response(cut(spoken(text, rate), PIECE), headers={"Content-Type": "audio/basic"})


def words(body: bytes) -> str | None:
    """What an SSML document says; None for one that is not as it should be.

    It has one voice, and in it at most the language and the rate of all that is said.
    """
    root = ElementTree.fromstring(body)
    inside = list(root)
    names = [each["ShortName"] for each in VOICES]
    if root.tag != f"{SSML}speak" or root.get("version") != "1.0" or not root.get(LANG) or root.text:
        return None
    if len(inside) != 1 or inside[0].tag != f"{SSML}voice" or inside[0].get("name") not in names:
        return None
    innermost = inside[0]
    for tag in (f"{SSML}lang", f"{SSML}prosody"):
        if len(innermost) == 1 and innermost[0].tag == tag and not innermost.text:
            innermost = innermost[0]
    rate = float(innermost.get("rate", 1.0))
    return innermost.text if len(innermost) == 0 and 0.5 <= rate <= 2 else None
