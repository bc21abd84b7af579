"""Files whose text is translated and all else kept."""

import re

from sokuji.contract import TranslatedText
from sokuji.pipeline.document_translation import translate_paragraphs, translate_subtitles


async def louder(text: str) -> TranslatedText:
    """Like every translator, it keeps tags and entities."""
    loud = re.sub(r"(<[^>]*>|&\w+;)|([^<&]+)", lambda match: match[1] or match[2].upper(), text)
    return TranslatedText(text=loud, provider="loud")


async def test_cues_of_subrip_keep_their_times_places_and_number_of_lines() -> None:
    document = (
        "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}the train leaves\r\nat nine\r\n\r\n"
        "2\r\n00:00:03,000 --> 00:00:04,000\r\n- so late?\r\n- no"
    )
    translated = await translate_subtitles(document, louder)
    assert translated.text == (
        "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}THE TRAIN\r\nLEAVES AT NINE\r\n\r\n"
        "2\r\n00:00:03,000 --> 00:00:04,000\r\n- SO LATE?\r\n- NO"
    )
    assert translated.provider == "loud"


async def test_cues_of_webvtt_keep_tags_times_of_words_and_entities() -> None:
    document = (
        "WEBVTT\n\nNOTE bread\n\n1\n00:01.000 --> 00:02.000 line:0\n"
        "<v Ana>bread &amp; <00:01.500>butter &lt; <c.loud>jam</c>\n"
    )
    translated = await translate_subtitles(document, louder)
    assert translated.text == (
        "WEBVTT\n\nNOTE bread\n\n1\n00:01.000 --> 00:02.000 line:0\n"
        "<v Ana>BREAD &amp; <00:01.500>BUTTER &lt; <c.loud>JAM</c>\n"
    )


async def test_paragraphs_keep_what_divides_them() -> None:
    seen: list[str] = []

    async def noted(text: str) -> TranslatedText:
        seen.append(text)
        return await louder(text)

    translated = await translate_paragraphs("one\nline\n\n  \r\ntwo \n\n", noted)
    assert translated.text == "ONE\nLINE\n\n  \r\nTWO \n\n"
    assert seen == ["one\nline", "two ", ""]
