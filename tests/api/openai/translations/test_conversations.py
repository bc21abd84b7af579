"""Conversations through the translation door over fake stages: order, deltas, updates, the end."""

from sokuji.config import GatewaySettings, OpenAISettings
from tests.api.openai.translations.clients import translation_service
from tests.api.openai.translations.events import EXTENSIONS, appends, audio_of, spoken, text_of
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts


async def test_a_session_is_created_first_and_a_stock_client_gets_known_events_alone() -> None:
    async with translation_service(FakeStt("bom dia", "até logo")) as server:
        client = server.connect()
        created = await client.next()
        assert created is not None
        assert created["type"] == "session.created"
        session = created["session"]
        assert session["audio"] == {
            "input": {"transcription": None, "noise_reduction": None},
            "output": {"language": "en"},
        }
        client.update({"input": {"transcription": {"model": "whisper-1"}}, "output": {"language": "en"}})
        updated = await client.next()
        assert updated is not None
        assert updated["type"] == "session.updated"
        assert updated["session"]["audio"]["input"]["transcription"] == {"model": "whisper-1"}
        assert updated["session"] | {"audio": session["audio"]} == session
        client.send_all(appends(spoken() + spoken()))
        client.finish()
        assert await client.until_closed() == 1000
    kinds = [event["type"] for event in client.events]
    assert kinds[-1] == "session.closed"
    assert text_of(client.events, "input_transcript") == "bom dia até logo"
    assert text_of(client.events, "output_transcript") == "en: bom dia en: até logo"
    assert kinds.index("session.output_transcript.delta") < kinds.index("session.output_audio.delta")
    assert len({event["event_id"] for event in client.events}) == len(client.events)


async def test_the_audio_is_24_khz_and_complete() -> None:
    async with translation_service(FakeStt("bom dia"), tts=FakeTts(3)) as server:
        client = server.connect()
        client.send_all(appends(spoken()))
        client.finish()
        await client.until_closed()
    deltas = [event for event in client.events if event["type"] == "session.output_audio.delta"]
    assert {(each["sample_rate"], each["channels"], each["format"]) for each in deltas} == {
        (24_000, 1, "pcm16")
    }
    assert abs(len(audio_of(client.events)) - 3 * 4_800) <= 4, "three chunks of 100 ms"


async def test_elapsed_ms_advances_in_whole_steps_and_never_goes_back() -> None:
    async with translation_service() as server:
        client = server.connect()
        client.update({"input": {"transcription": {"model": "whisper-1"}}})
        client.send_all(appends(spoken() * 3))
        client.finish()
        await client.until_closed()
    elapsed = [event["elapsed_ms"] for event in client.events if "elapsed_ms" in event]
    assert all(each % 200 == 0 for each in elapsed)
    assert elapsed == sorted(elapsed)
    duration_ms = len(spoken()) * 3 / 48
    assert duration_ms / 3 < elapsed[-1] <= duration_ms
    assert len(set(elapsed)) >= 3


async def test_odd_bytes_are_carried_over_also_across_an_update() -> None:
    heard = []
    for size in (9_600, 4_801):
        stt = FakeStt("bom dia")
        async with translation_service(stt) as server:
            client = server.connect()
            first, *rest = appends(spoken(), size)
            client.send(first)
            client.update({"output": {"language": "en"}})
            client.update({"output": {"language": "en"}})
            client.send_all(rest)
            client.finish()
            await client.until_closed()
        heard.append(stt.requests[-1].pcm)
    assert heard[0] == heard[1]


async def test_an_update_that_changes_nothing_leaves_the_utterance_whole() -> None:
    stt = FakeStt()
    async with translation_service(stt) as server:
        client = server.connect()
        client.update({"output": {"language": "en"}})
        for event in appends(spoken()):
            client.send(event)
            client.update({"output": {"language": "en"}})
        client.finish()
        await client.until_closed()
    assert "error" not in [event["type"] for event in client.events]
    finals = {request.pcm for request in stt.requests}
    assert len(text_of(client.events, "output_transcript").split("en:")) == 2, len(finals)


async def test_scripts_without_spaces_are_joined_without_them() -> None:
    async with translation_service(
        FakeStt("bom dia", "até logo"), FakeTranslator("早上好。", "再见。")
    ) as server:
        client = server.connect()
        client.send_all(appends(spoken() + spoken()))
        client.finish()
        await client.until_closed()
    assert text_of(client.events, "output_transcript") == "早上好。再见。"


async def test_a_client_that_configures_nothing_gets_the_language_of_the_service() -> None:
    settings = GatewaySettings(openai=OpenAISettings(target_language="pt"))
    async with translation_service(FakeStt("good day", language="en"), settings=settings) as server:
        client = server.connect()
        client.send_all(appends(spoken()))
        client.finish()
        await client.until_closed()
    assert client.events[0]["session"]["audio"]["output"]["language"] == "pt"
    assert text_of(client.events, "output_transcript") == "pt: good day"
    assert "session.input_transcript.delta" not in {event["type"] for event in client.events}


async def test_absent_fields_stay_and_null_clears() -> None:
    async with translation_service() as server:
        client = server.connect(*EXTENSIONS)
        near = {"type": "near_field", "strength": 0.25}
        client.update({"input": {"transcription": {"model": "whisper-1"}, "noise_reduction": near}})
        client.update({"input": {"noise_reduction": {"type": "far_field"}}, "output": {"language": "pt"}})
        client.update({"output": {"speed": 1.5}})
        client.update({"input": {"transcription": None, "noise_reduction": None}, "output": {"speed": None}})
        client.update({"output": None})
        client.finish()
        await client.until_closed()
    shown = [event["session"]["audio"] for event in client.events if event["type"] == "session.updated"]
    assert shown[0]["input"] == {"transcription": {"model": "whisper-1"}, "noise_reduction": near}
    assert shown[1]["input"]["noise_reduction"] == {"type": "far_field", "strength": 0.25}
    assert shown[1]["input"]["transcription"] == {"model": "whisper-1"}
    assert shown[2]["output"] == {"language": "pt", "speed": 1.5}
    assert shown[3]["input"] == {"transcription": None, "noise_reduction": None}
    assert shown[3]["output"] == {"language": "pt"}
    assert shown[4]["output"] == {"language": "en"}


async def test_fan_out_says_the_language_of_each_delta() -> None:
    async with translation_service(FakeStt("bom dia", "até logo")) as server:
        client = server.connect(*EXTENSIONS)
        client.update({"output": {"languages": ["en", "pt-BR"], "echo": True}})
        client.send_all(appends(spoken() + spoken()))
        client.finish()
        await client.until_closed()
    assert text_of(client.events, "output_transcript", "en") == "en: bom dia en: até logo"
    assert text_of(client.events, "output_transcript", "pt") == "bom dia até logo"
    assert audio_of(client.events, "en")
    assert audio_of(client.events, "pt")
    assert not audio_of(client.events)


async def test_what_is_in_the_target_language_already_is_left_out_unless_it_is_asked_for() -> None:
    for echo in (None, False, True):
        tts = FakeTts()
        async with translation_service(FakeStt("good day", language="en"), tts=tts) as server:
            client = server.connect(*EXTENSIONS)
            client.update({"input": {"transcription": {"model": "whisper-1"}}, "output": {"echo": echo}})
            client.send_all(appends(spoken()))
            client.finish()
            await client.until_closed()
        assert text_of(client.events, "input_transcript") == "good day"
        assert text_of(client.events, "output_transcript") == ("good day" if echo else "")
        assert bool(audio_of(client.events)) == bool(tts.requests) == bool(echo)


async def test_extensions_reach_the_stages() -> None:
    stt, translator, tts = FakeStt("ola mundo"), FakeTranslator(), FakeTts()
    async with translation_service(stt, translator, tts) as server:
        client = server.connect(*EXTENSIONS)
        client.update(
            {
                "input": {"language": "pt-BR"},
                "output": {"voice": {"id": "joe"}, "speed": 2, "glossary": {"mundo": "World"}},
            }
        )
        updated = await client.until("session.updated")
        assert updated["session"]["audio"]["output"] == {
            "language": "en",
            "voice": "joe",
            "speed": 2,
            "glossary": {"mundo": "World"},
        }
        client.send_all(appends(spoken()))
        client.finish()
        await client.until_closed()
    assert {request.language for request in stt.requests} == {"pt"}
    assert "World" in text_of(client.events, "output_transcript")
    assert (tts.requests[-1].voice, tts.requests[-1].speed) == ("joe", 2)
