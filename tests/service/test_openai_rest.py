"""OpenAI's REST calls of the real service, by OpenAI's own client, with real speech."""

import io
import warnings
from collections.abc import AsyncIterator
from typing import Any

import av
import openai
import pytest
import pytest_asyncio

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from tests.support.openai_api import client_of
from tests.support.speech import reference, sample, silence
from tests.support.subtitle_files import read_cues
from tests.support.text_similarity import word_error_rate

VOICE_ERRORS = 0.35
"""Accepted word error rate of speaking a text and recognising it."""
SENTENCES = "Good morning, everybody. The train to the coast leaves at nine."
COUNTING = ("contagem.wav", wav_bytes(sample("pt", "contagem"), RECOGNISER_RATE))


@pytest_asyncio.fixture(loop_scope="session", scope="package")
async def client(address: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with client_of(f"http://{address}/v1") as client:
        yield client


async def test_speech_is_transcribed_in_each_format(client: openai.AsyncOpenAI) -> None:
    words = reference("pt", "contagem")
    verbose = await client.audio.transcriptions.create(
        file=COUNTING,
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert word_error_rate(words, verbose.text, "pt") < 0.3
    assert verbose.language == "portuguese"
    times = [time for word in verbose.words or [] for time in (word.start, word.end)]
    assert times == sorted(times)
    assert len(times) >= 2 * 5
    assert all(segment.avg_logprob < 0 for segment in verbose.segments or [])
    srt = await client.audio.transcriptions.create(
        file=COUNTING, model="whisper-1", language="pt-BR", response_format="srt"
    )
    shown = " ".join(line for cue in read_cues(srt, "srt") for line in cue.lines)
    assert word_error_rate(words, shown, "pt") < 0.3


async def test_a_stream_of_deltas_is_the_transcript(client: openai.AsyncOpenAI) -> None:
    stream = await client.audio.transcriptions.create(file=COUNTING, model="gpt-4o-transcribe", stream=True)
    events = [event async for event in stream]
    assert events[-1].type == "transcript.text.done"
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    assert "".join(deltas) == events[-1].text
    assert word_error_rate(reference("pt", "contagem"), events[-1].text, "pt") < 0.3


async def test_people_who_take_turns_are_told_apart(client: openai.AsyncOpenAI) -> None:
    turns = [("en", "quick_brown_fox"), ("es", "pangrama"), ("en", "counting")]
    pcm = silence(1_200).join(sample(*turn) for turn in turns)
    answer: Any = await client.audio.transcriptions.create(
        file=("talk.wav", wav_bytes(pcm, RECOGNISER_RATE)),
        model="gpt-4o-transcribe-diarize",
        response_format="diarized_json",
    )
    assert [each.speaker for each in answer.segments] == ["A", "B", "A"]


async def test_speech_is_translated_to_english(client: openai.AsyncOpenAI) -> None:
    greeting = ("ola.wav", wav_bytes(sample("pt", "ola_mundo"), RECOGNISER_RATE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        answer = await client.audio.translations.create(file=greeting, model="whisper-1")
    assert "world" in answer.text.lower()


@pytest.mark.parametrize("audio_format", ["mp3", "opus", "wav"])
async def test_spoken_text_is_understood_again(client: openai.AsyncOpenAI, audio_format: Any) -> None:
    answer = await client.audio.speech.create(
        input=SENTENCES, model="tts-1", voice="nova", response_format=audio_format
    )
    heard = await client.audio.transcriptions.create(
        file=("speech", answer.content), model="whisper-1", language="en"
    )
    assert word_error_rate(SENTENCES, heard.text, "en") < VOICE_ERRORS
    with av.open(io.BytesIO(answer.content), "r") as container:
        frames = list(container.decode(audio=0))
    # To its last word, and no longer than the others by more than a codec adds.
    assert 3 < sum(frame.samples / frame.sample_rate for frame in frames) < 7


async def test_the_voice_has_the_language_of_the_text(client: openai.AsyncOpenAI) -> None:
    text = "Bom dia a todos, o comboio para o Porto parte daqui a pouco."
    answer = await client.audio.speech.create(
        input=text, model="gpt-4o-mini-tts", voice="alloy", response_format="wav", speed=0.9
    )
    heard = await client.audio.transcriptions.create(file=("a.wav", answer.content), model="whisper-1")
    assert [language.code for language in heard.languages or []] == ["pt"]
    assert word_error_rate(text, heard.text, "pt") < VOICE_ERRORS


async def test_errors_have_types_of_the_client(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        await client.audio.speech.create(input="a", model="nobody", voice="nova")
    with pytest.raises(openai.UnprocessableEntityError) as refusal:
        await client.audio.speech.create(input="a", model="tts-1", voice="nobody")
    assert refusal.value.param == "voice"
    with pytest.raises(openai.BadRequestError):
        await client.audio.transcriptions.create(file=("a.wav", b"no audio"), model="whisper-1")


async def test_the_models_are_those_of_the_graph(client: openai.AsyncOpenAI) -> None:
    models = {model.id: model async for model in client.models.list()}
    assert {"faster_whisper/base", "whisper-1", "gpt-realtime", "tts-1"} <= set(models)
    named = await client.models.retrieve("faster_whisper/base")
    assert named.owned_by == "faster_whisper"
