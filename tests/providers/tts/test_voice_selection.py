"""The voice of a request, and which requests are refused."""

import pytest

from sokuji.contract import SynthesisRequest, Voice
from sokuji.errors import InvalidRequest, UnknownVoice, UnsupportedLanguage
from sokuji.providers.tts.voice_selection import choose_voice

VOICES = [Voice(id=f"v#{number}", name="", language="en-US", languages=("en",)) for number in range(30)]


def test_the_first_voice_of_a_language_is_its_default() -> None:
    assert choose_voice(SynthesisRequest(text="", language="en"), VOICES) is VOICES[0]
    assert choose_voice(SynthesisRequest(text="", language="en", voice="v#7"), VOICES) is VOICES[7]


def test_refusals_name_what_is_accepted() -> None:
    with pytest.raises(UnsupportedLanguage, match="accepted: en"):
        choose_voice(SynthesisRequest(text="", language="de"), VOICES)
    with pytest.raises(UnknownVoice, match=r"accepted: v#0, .* and 10 more") as caught:
        choose_voice(SynthesisRequest(text="", language="en", voice="x" * 10_000), VOICES)
    assert caught.value.param == "voice_id"
    assert len(caught.value.message) < 400
    for speed in (0.0, -1.0, 4.1, float("nan"), float("inf")):
        with pytest.raises(InvalidRequest, match="between 0.25 and 4.0"):
            choose_voice(SynthesisRequest(text="", language="en", speed=speed), VOICES)
