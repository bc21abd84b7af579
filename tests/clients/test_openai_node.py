"""openai for Node: the audio resources, a realtime turn and live translation."""

import json
from pathlib import Path

import httpx

from tests.clients.checks import check_meaning, check_pcm, check_response, check_voice, check_words
from tests.clients.conftest import Speech
from tests.clients.program import run


async def test_the_audio_resources_transcribe_translate_and_speak(
    http: httpx.AsyncClient, variables: dict[str, str], english: Speech, portuguese: Speech, voice: Path
) -> None:
    files = (english.wav_16k, portuguese.wav_16k, str(voice))
    printed = await run("node", "openai_audio.mjs", *files, variables=variables)
    check_words(english.words, printed["transcript"])
    check_words(english.words, printed["streamed"])
    check_meaning(printed["translation"])
    number, times, *words = json.loads(printed["subtitles"]).split("\n")
    assert (number, times[:8]) == ("1", "00:00:00")
    check_words(english.words, " ".join(words))
    await check_voice(http, english.words, voice.read_bytes())


async def test_a_turn_that_the_client_commits_is_answered_by_one_response(
    http: httpx.AsyncClient, tls_variables: dict[str, str], portuguese: Speech, voice: Path
) -> None:
    printed = await run(
        "node", "openai_realtime.mjs", portuguese.wav_24k, str(voice), variables=tls_variables
    )
    assert "raposa" in printed["transcript"]
    check_meaning(printed["translation"])
    assert printed["response"] == "completed"
    await check_pcm(http, printed["translation"], voice.read_bytes())
    events = printed.events()
    assert events[:2] == ["session.created", "session.updated"]
    turn = [name for name in events if name.startswith(("input_audio_buffer.", "conversation."))]
    assert turn[:3] == ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
    assert turn.index("conversation.item.input_audio_transcription.completed") >= 3
    check_response(events)
    assert events.count("response.created") == 1


async def test_live_translation_ends_with_session_closed(
    http: httpx.AsyncClient, tls_variables: dict[str, str], portuguese: Speech, voice: Path
) -> None:
    printed = await run(
        "node", "openai_translation.mjs", portuguese.wav_24k, str(voice), variables=tls_variables
    )
    assert "raposa" in printed["transcript"]
    check_meaning(printed["translation"])
    await check_pcm(http, printed["translation"], voice.read_bytes())
    events = printed.events()
    assert events[:2] == ["session.created", "session.updated"]
    assert events[-1] == "session.closed"
