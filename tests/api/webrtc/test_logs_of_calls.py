"""A call at DEBUG level: no record, of the service or of the library of WebRTC, has a word of it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.api_server import serve_api
from tests.support.fake_stages import FakeStt, FakeTranslator
from tests.support.log_lines import all_lines
from tests.support.tone_voice import SENTENCE, ToneTts
from tests.support.webrtc_client import calling

pytestmark = pytest.mark.slow
SPOKEN, TRANSLATED = "quetzalcoatl", "tlahuizcalpantecuhtli"
SESSION = '{"model": "gpt-realtime-translate", "audio": {"output": {"language": "en"}}}'


@pytest.fixture
def url() -> Iterator[str]:
    with serve_api(FakeStt(*[SPOKEN] * 99), FakeTranslator(*[TRANSLATED] * 99), ToneTts()) as running:
        yield running


async def test_no_word_of_a_call_is_logged(url: str) -> None:
    async def call(offer: str) -> str:
        parts = {"sdp": (None, offer, "application/sdp"), "session": (None, SESSION, "application/json")}
        async with httpx.AsyncClient(timeout=60) as http:
            response = await http.post(f"{url}/v1/realtime/translations/calls", files=parts)
        assert len(response.headers.get_list("x-request-id")) == 1
        return response.text

    with all_lines() as lines:
        async with calling(call) as client:
            await client.voice.play(SENTENCE)
            heard = await client.until_event("session.output_transcript.delta")
            client.send({"type": "session.close"})
            await client.until(client.closed.is_set)
    assert heard["delta"] == TRANSLATED
    assert any("session" in line and "closed" in line for line in lines)
    assert [line for line in lines if SPOKEN in line or TRANSLATED in line] == []
