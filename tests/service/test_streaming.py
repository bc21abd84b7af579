"""What a session can be asked for while somebody speaks, on a real Serve instance with real models."""

from collections import defaultdict

from tests.service.conversation import Frame, connect
from tests.support.speech import noise, sample
from tests.support.text_similarity import normalised

SPEECH = b"".join(sample("pt", name) + noise(250, seed=3) for name in ("contagem", "pangrama", "contagem"))


def of_target(frames: list[Frame], target: str) -> list[Frame]:
    return [frame for frame in frames if frame["target_language"] == target]


def assert_append_only(captions: list[Frame]) -> None:
    stable: dict[int, str] = defaultdict(str)
    for caption in captions:
        assert caption["text"].startswith(stable[caption["segment_id"]])
        stable[caption["segment_id"]] = caption["text"][: caption["stable_chars"]]


async def test_captions_grow_and_clauses_are_spoken_in_two_languages_before_the_speaker_has_ended(
    socket_url: str,
) -> None:
    async with connect(socket_url) as client:
        await client.say(
            type="config",
            source_language="pt",
            target_languages=["en", "pt"],
            partials=True,
            commit="clause",
            glossary={"raposa": "Renard"},
            audio_encoding="pcm_binary",
        )
        await client.speak(SPEECH, speed=1)
        early = list(client.of("translation"))
        await client.speak(noise(800), speed=1)
        await client.say(type="end")
        await client.until("done")
    assert of_target(early, "en")
    assert of_target(early, "pt")
    captions = client.of("transcription")
    assert any(not frame["is_final"] and frame["stable_chars"] for frame in captions)
    assert_append_only(captions)
    finals = " ".join(frame["text"] for frame in captions if frame["is_final"])
    english, same = (of_target(client.of("translation"), target) for target in ("en", "pt"))
    assert normalised(" ".join(frame["text"] for frame in same), "pt").replace(
        "renard", "raposa"
    ) == normalised(finals, "pt")
    assert "Renard" in " ".join(frame["text"] for frame in english)
    for told in (english, same):
        places = {(frame["segment_id"], frame["clause"]) for frame in told if frame["text"]}
        target = told[0]["target_language"]
        voiced = [frame for frame in of_target(client.of("audio"), target) if frame["last"]]
        assert {(frame["segment_id"], frame["clause"]) for frame in voiced} == places
    assert client.of("error") == []


async def test_spanish_is_heard_once_and_told_in_english_and_portuguese(socket_url: str) -> None:
    async with connect(socket_url) as client:
        await client.say(
            type="config", source_language="es", target_languages=["en", "pt"], audio_encoding="pcm_binary"
        )
        await client.speak(sample("es", "conteo") + noise(700))
        await client.say(type="end")
        await client.until("done")
    (caption,) = client.of("transcription")
    assert caption["language"] == "es"
    for target, word in (("en", "seven"), ("pt", "sete")):
        told = " ".join(frame["text"] for frame in of_target(client.of("translation"), target))
        assert word in normalised(told, target)
        assert of_target(client.of("audio"), target)[-1]["last"]
