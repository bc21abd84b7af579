"""One speaker and listeners at other gateways: what each of them gets, and what it costs."""

from typing import Any

import pytest

from sokuji.access.new_key import make_key
from sokuji.broadcast import mailbox
from sokuji.config import AccessSettings, GatewaySettings
from sokuji.config.broadcast import BroadcastSettings
from sokuji.config.keys import KeyScope
from sokuji.protocol import LISTEN_PATH, SOCKET_PATH
from tests.api.broadcasts.gateways import of, say, two_gateways
from tests.support.asgi_socket import AsgiSocket


def words(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["text"] for frame in of(frames, "translation")]


async def until_attended(speaker: AsgiSocket, listeners: int) -> dict[str, Any]:
    """The event that tells a speaker of so many listeners."""
    while (event := await speaker.until("attendance"))["listeners"] != listeners:
        pass
    return event


async def test_each_listener_gets_the_chosen_language_from_one_recognition_and_one_translation_of_each() -> (
    None
):
    async with two_gateways() as gateways:
        speaker, ready = await gateways.speaker()
        assert len(ready["broadcast"]) == 22
        languages = ["en", "es", "es", "es"]
        listeners = [
            await gateways.listener(ready["broadcast"], language, gateway=index % 2)
            for index, language in enumerate(languages)
        ]
        await until_attended(speaker, 4)
        say(speaker, times=2)
        speaker.send({"type": "end"})
        spoken, code = await speaker.rest()
        assert code == 1000
        assert {frame["target_language"] for frame in of(spoken, "translation")} == {"en"}
        assert {frame["target_language"] for frame in of(spoken, "audio")} == {"en"}
        texts = [frame["text"] for frame in of(spoken, "transcription") if frame["is_final"]]
        for language, listener in zip(languages, listeners, strict=True):
            frames, code = await listener.rest()
            assert code == 1000
            assert frames[-1]["type"] == "done"
            assert [frame["text"] for frame in of(frames, "transcription")] == texts
            assert words(frames) == words(spoken)
            assert {frame["target_language"] for frame in of(frames, "audio")} == {language}
            assert len(of(frames, "binary")) == len(of(frames, "audio"))
            numbers = [frame["event"] for frame in frames if "event" in frame]
            assert numbers == sorted(set(numbers))
        assert len(gateways.stt.requests) == len(texts)
        assert sorted(each.target for each in gateways.translator.requests) == ["en", "en", "es", "es"]
        assert len(gateways.tts.requests) == 4


async def test_a_language_is_translated_only_while_somebody_listens() -> None:
    async with two_gateways() as gateways:
        speaker, ready = await gateways.speaker(output="captions")
        listener = await gateways.listener(ready["broadcast"], "es")
        assert (await until_attended(speaker, 1))["languages"] == ["es"]
        say(speaker)
        await listener.until("translation")
        await listener.until("audio")
        await listener.leave()
        assert (await until_attended(speaker, 0))["languages"] == []
        say(speaker)
        speaker.send({"type": "end"})
        frames, _ = await speaker.rest()
        assert of(frames, "audio") == []
        assert sorted(each.target for each in gateways.translator.requests) == ["en", "en", "es"]


async def test_who_joins_late_gets_captions_and_who_comes_back_goes_on_behind_the_last_event() -> None:
    async with two_gateways() as gateways:
        speaker, ready = await gateways.speaker()
        first = await gateways.listener(ready["broadcast"], "en")
        say(speaker)
        seen = await first.until("translation")
        while not (sound := await first.until("audio"))["last"]:
            pass
        await first.leave()
        late = await gateways.listener(ready["broadcast"], "en", gateway=0)
        assert (await late.until("translation"))["event"] == seen["event"]
        again = await gateways.listener(ready["broadcast"], "en", after=sound["event"])
        say(speaker)
        speaker.send({"type": "end"})
        await speaker.rest()
        missed, _ = await again.rest()
        assert len(of(missed, "translation")) == 1
        assert min(frame["event"] for frame in missed if "event" in frame) > sound["event"]
        rest, _ = await late.rest()
        assert len(of(rest, "translation")) == 1
        assert {frame["segment_id"] for frame in of(rest, "audio")} == {
            frame["segment_id"] for frame in of(rest, "translation")
        }


async def test_a_speaker_who_resumes_elsewhere_goes_on_with_the_same_broadcast_and_nothing_twice() -> None:
    async with two_gateways() as gateways:
        speaker, ready = await gateways.speaker()
        listener = await gateways.listener(ready["broadcast"], "en")
        say(speaker)
        while not (await speaker.until("audio"))["last"]:
            pass
        await speaker.leave()  # the acknowledgement has not been read
        assert (await listener.until("broadcast"))["state"] == "interrupted"
        again, second = await gateways.speaker(
            gateway=1, session_id=ready["session_id"], resume_from_ms=0, resume_text=""
        )
        assert second["broadcast"] == ready["broadcast"]
        assert (await listener.until("broadcast"))["state"] == "live"
        gateways.stt.answers.extend(["utterance 1", "utterance 2"])
        say(again, times=2)
        again.send({"type": "end"})
        await again.rest()
        frames, code = await listener.rest()
        assert code == 1000
        assert words(frames) == ["utterance 2"]


async def test_listeners_learn_that_the_speaker_does_not_come_back() -> None:
    settings = GatewaySettings(broadcast=BroadcastSettings(resume_s=0))
    async with two_gateways(settings) as gateways:
        speaker, ready = await gateways.speaker()
        listener = await gateways.listener(ready["broadcast"], "en")
        await speaker.leave()
        frames, code = await listener.rest()
        assert code == 1000
        assert [frame["state"] for frame in of(frames, "broadcast")][-1] == "ended"


async def test_listeners_of_a_gateway_that_drains_are_sent_elsewhere() -> None:
    async with two_gateways() as gateways:
        speaker, ready = await gateways.speaker()
        listener = await gateways.listener(ready["broadcast"], "en")
        gateways.services[1].drain()
        frames, code = await listener.rest()
        assert code == 1012
        assert of(frames, "draining")[0]["reconnect_within_ms"] > 0
        refused, code = await gateways.connect(ready["broadcast"], "en").rest()
        assert (refused[-1]["code"], code) == ("overloaded", 1013)
        other = await gateways.listener(ready["broadcast"], "en", gateway=0)
        speaker.send({"type": "end"})
        await speaker.rest()
        assert (await other.rest())[1] == 1000


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"broadcast": "x" * 21}, "broadcast"),
        ({"broadcast": 7}, "broadcast"),
        ({"language": "tlh-unknown"}, "language"),
        ({"language": "fr"}, "target_language"),
        ({"output": "video"}, "output"),
        ({"audio_encoding": "mp3"}, "audio_encoding"),
        ({"after": -1}, "after"),
        ({"voice": True}, "voice"),
        ({"type": "config"}, "type"),
    ],
)
async def test_a_wrong_choice_is_an_error_that_names_the_field_and_can_be_corrected(
    message: dict[str, Any], param: str
) -> None:
    async with two_gateways() as gateways:
        speaker, ready = await gateways.speaker()
        right = {"type": "listen", "broadcast": ready["broadcast"], "language": "en"}
        listener = gateways.connect(**{"broadcast": ready["broadcast"], "language": "en", **message})
        error = await listener.until("error")
        assert (error["param"], error["fatal"]) == (param, False)
        listener.send(b"\0\0")
        assert (await listener.until("error"))["param"] == "type"
        listener.send(right)
        await listener.until("joined")
        listener.send(right)
        assert (await listener.until("error"))["fatal"] is False
        speaker.send({"type": "end"})
        await speaker.rest()
        await listener.rest()


async def test_limits_of_listeners_and_of_languages() -> None:
    limits = BroadcastSettings(max_listeners=3, max_languages=1, max_gateway_listeners=2)
    async with two_gateways(GatewaySettings(broadcast=limits)) as gateways:
        speaker, ready = await gateways.speaker()
        broadcast = ready["broadcast"]
        unknown, code = await gateways.connect("A" * 22, "en").rest()
        assert (unknown[-1]["code"], code) == ("unknown_broadcast", 1008)
        listeners = [await gateways.listener(broadcast, "es")]
        refused, code = await gateways.connect(broadcast, "en").rest()
        assert (refused[-1]["code"], refused[-1]["param"], code) == ("overloaded", "language", 1013)
        listeners += [await gateways.listener(broadcast, "es") for _ in range(1)]
        refused, code = await gateways.connect(broadcast, "es").rest()
        assert (code, "places" in refused[-1]["message"]) == (1013, True)
        listeners.append(await gateways.listener(broadcast, "es", gateway=0))
        refused, code = await gateways.connect(broadcast, "es", gateway=0).rest()
        assert (code, "listeners" in refused[-1]["message"]) == (1013, True)
        for each in listeners:
            await each.leave()
        listener = await gateways.listener(broadcast, "en")
        speaker.send({"type": "end"})
        await speaker.rest()
        await listener.rest()


async def test_a_service_without_broadcasts_says_so() -> None:
    settings = GatewaySettings(broadcast=BroadcastSettings(max_gateway_listeners=0))
    async with two_gateways(settings) as gateways:
        speaker, _ = await gateways.speaker(broadcast=False)
        refused, code = await gateways.connect("A" * 22, "en").rest()
        assert (refused[-1]["code"], code) == ("not_supported", 1008)
        speaker.send({"type": "config", "target_language": "en", "broadcast": True})
        assert (await speaker.until("error"))["param"] == "broadcast"
        speaker.send({"type": "end"})
        await speaker.rest()


async def test_a_slow_listener_loses_voice_and_then_the_connection_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailbox, "MAX_WAITING_EVENTS", 24)
    settings = GatewaySettings(broadcast=BroadcastSettings(max_waiting_bytes=2**16))
    async with two_gateways(settings) as gateways:
        gateways.tts.answers.extend([6] * 40)
        speaker, ready = await gateways.speaker()
        quick = await gateways.listener(ready["broadcast"], "es")
        slow = await gateways.listener(ready["broadcast"], "es", max_unread=3)
        say(speaker, times=4)
        spoken = 0
        while spoken < 4:
            spoken += (await quick.until("audio"))["last"]
        await slow.until("skipped")
        for _ in range(15):
            say(speaker)
            await quick.until("translation")
        frames, code = await slow.rest()
        assert (frames[-1]["code"], frames[-1]["fatal"], code) == ("too_slow", True, 1013)
        speaker.send({"type": "end"})
        assert (await speaker.rest())[1] == 1000
        assert (await quick.rest())[1] == 1000


async def test_listeners_show_a_key_only_where_the_operator_wants_one() -> None:
    key = make_key("all", KeyScope)
    shown = {"Authorization": f"Bearer {key.value}"}
    for needed in (False, True):
        settings = GatewaySettings(
            access=AccessSettings(keys=(key.key,)),
            broadcast=BroadcastSettings(listeners_need_key=needed),
        )
        async with two_gateways(settings) as gateways:
            app = gateways.apps[0]
            assert (await AsgiSocket(app, SOCKET_PATH).answer())[0] == "websocket.http.response.start"
            answers = {True: "websocket.http.response.start", False: "websocket.accept"}
            without, with_key = AsgiSocket(app, LISTEN_PATH), AsgiSocket(app, LISTEN_PATH, headers=shown)
            assert (await without.answer())[0] == answers[needed]
            assert (await with_key.answer())[0] == "websocket.accept"
            await without.leave()
            await with_key.leave()


async def test_pages_of_others_may_not_listen() -> None:
    async with two_gateways() as gateways:
        foreign = {"Host": "127.0.0.1:8000", "Origin": "https://evil.example"}
        answer, _ = await AsgiSocket(gateways.apps[0], LISTEN_PATH, headers=foreign).answer()
        assert answer == "websocket.http.response.start"


async def test_logs_tell_neither_words_nor_the_secret_of_a_broadcast(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    async with two_gateways() as gateways:
        speaker, ready = await gateways.speaker()
        listener = await gateways.listener(ready["broadcast"], "es")
        say(speaker)
        speaker.send({"type": "end"})
        await speaker.rest()
        frames, _ = await listener.rest()
    assert len(of(frames, "translation")) == 1
    ours = "\n".join(each.getMessage() for each in caplog.records if each.name.startswith("sokuji"))
    assert "a listener has joined" in ours
    assert ready["broadcast"] not in ours
    assert "utterance" not in ours
