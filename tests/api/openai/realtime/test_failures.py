"""Models that fail: the item or the response says so, and the session goes on."""

from sokuji.audio.resampling import resample
from sokuji.errors import ProviderFailed
from tests.api.openai.realtime.client import connect, serving
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.speech import noise, sample

TURN = resample(sample("pt", "ola_mundo") + noise(1_200, seed=1), 16_000, 24_000)
COMPLETED = "conversation.item.input_audio_transcription.completed"


class BrokenOnceStt(FakeStt):
    """Fails all attempts at the first turn."""

    def __init__(self) -> None:
        super().__init__(*(ProviderFailed("on purpose") for _ in range(2)))


async def test_a_turn_that_cannot_be_transcribed_is_reported_by_its_item_and_not_as_an_error() -> None:
    async with serving(stt=BrokenOnceStt()) as url, connect(url, "?intent=transcription") as client:
        await client.append(TURN)
        failed = await client.until("conversation.item.input_audio_transcription.failed")
        await client.append(TURN)
        completed = await client.until(COMPLETED)
    assert failed["error"]["code"] == "provider_failed"
    assert failed["error"]["type"] == "server_error"
    assert failed["item_id"] == client.of("input_audio_buffer.committed")[0]["item_id"]
    assert completed["transcript"]
    assert client.of("error") == []


async def test_a_translation_that_fails_is_a_failed_response() -> None:
    broken = FakeTranslator(*(ProviderFailed("on purpose") for _ in range(2)))
    async with serving(translator=broken) as url, connect(url) as client:
        await client.append(TURN)
        failed = (await client.until("response.done"))["response"]
        await client.append(TURN)
        completed = (await client.until("response.done", 2))["response"]
    assert (failed["status"], failed["output"]) == ("failed", [])
    assert failed["status_details"]["error"]["code"] == "provider_failed"
    assert completed["status"] == "completed"
    assert client.of("error") == []


async def test_a_voice_that_fails_leaves_an_incomplete_item() -> None:
    async with serving(tts=FakeTts(ProviderFailed("on purpose"))) as url, connect(url) as client:
        await client.append(TURN)
        failed = (await client.until("response.done"))["response"]
    assert failed["status"] == "failed"
    assert failed["output"][0]["status"] == "incomplete"
    assert failed["output"][0]["content"][0]["transcript"].startswith("en: ")


async def test_a_text_that_cannot_be_translated_is_a_failed_response(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        heard = {"transcription": {"language": "es"}}
        await client.send("session.update", session={"type": "realtime", "audio": {"input": heard}})
        content = [{"type": "input_text", "text": "Buenos días a todos."}]
        await client.send(
            "conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )
        await client.send("response.create")
        failed = (await client.until("response.done"))["response"]
    assert failed["status_details"]["error"]["code"] == "unsupported_language"
