"""The gateway replica is killed in mid-sentence on a real Serve instance: the client goes on by itself."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import psutil

from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.client.client import connect
from sokuji.client.config import Config
from sokuji.config import Commit
from sokuji.measure.latency import RealTimeSource, Stopwatch
from sokuji.measure.samples import ComposedSpeech, compose, sentences
from tests.service.conftest import RunningService
from tests.support.text_similarity import character_error_rate

RESUME_WITHIN_S = 60
MISHEARD = 0.4
"""Share of an utterance's letters that may be heard otherwise the second time; one word of two is more."""


@dataclass
class Heard:
    """What an application got of one conversation."""

    transcript: list[str] = field(default_factory=list)
    translation: list[str] = field(default_factory=list)
    stopwatch: Stopwatch = field(default_factory=lambda: Stopwatch("en"))
    voiced: list[tuple[int, int]] = field(default_factory=list)
    resumptions: int = 0


async def interpret(
    address: str, speech: ComposedSpeech, commit: Commit, reached: Callable[[float], None]
) -> Heard:
    heard, pace = Heard(), RealTimeSource()
    config = Config(source_language="pt", target_language="en", commit=commit)
    async with connect(f"http://{address}", config, resume_within_s=RESUME_WITHIN_S) as conversation:
        answers = conversation.converse(pace.frames(speech.pcm, RECOGNISER_RATE, reached))
        async with aclosing(answers):
            async for event in answers:
                heard.stopwatch.record(event, 0)
                match event:
                    case events.Transcription(is_final=True):
                        heard.transcript.append(event.text)
                    case events.TranslationText() if event.text:
                        heard.translation.append(event.text)
                    case events.Audio(last=True):
                        heard.voiced.append((event.segment_id, event.clause))
        heard.resumptions = conversation.resumptions
    return heard


async def both(address: str, speech: ComposedSpeech, reached: Callable[[float], None]) -> tuple[Heard, Heard]:
    """Two conversations at a time, by utterance and by clause."""
    return await asyncio.gather(
        interpret(address, speech, "utterance", reached),
        interpret(address, speech, "clause", lambda ms: None),
    )


def decoders_of(gateways: Sequence[int]) -> list[psutil.Process]:
    """The processes that decode the uploads of these gateway replicas."""
    children = (child for pid in gateways for child in psutil.Process(pid).children())
    return [child for child in children if any("decoder_process" in word for word in child.cmdline())]


async def test_a_gateway_that_is_killed_in_mid_sentence_costs_no_word_and_says_none_twice(
    service: RunningService,
) -> None:
    speech = compose(sentences("pt"))
    start_ms, end_ms = speech.spans_ms[1]
    pids: list[int] = []
    decoders: list[psutil.Process] = []

    def kill(ms: float) -> None:
        if ms > (start_ms + end_ms) / 2 and not pids:
            pids.extend(service.replica_pids("Gateway"))
            decoders.extend(decoders_of(pids))
            for pid in pids:
                os.kill(pid, signal.SIGKILL)

    undisturbed = await both(service.address, speech, lambda ms: None)
    disturbed = await both(service.address, speech, kill)
    assert pids
    # They had been started before anything was uploaded, and ended with the gateway.
    assert len(decoders) == 2 * len(pids)
    assert not psutil.wait_procs(decoders, timeout=10)[1]
    for once, again in zip(undisturbed, disturbed, strict=True):
        assert once.resumptions == 0
        assert again.resumptions >= 1
        assert again.stopwatch.out_of_order == 0
        assert len(again.transcript) == len(once.transcript)
        assert len(again.voiced) == len(again.translation)
    # The letters of an utterance depend a little on who else was recognised in its batch, and what is made of
    # a misheard word is anybody's guess: a lost or repeated word is far more than that.
    for first, second in zip(undisturbed[0].transcript, disturbed[0].transcript, strict=True):
        assert character_error_rate(first, second) <= MISHEARD, (first, second)
    assert len(disturbed[0].translation) == len(undisturbed[0].translation)
    # What a clause is depends on when its words were heard.
    first, second = (" ".join(each[1].transcript) for each in (undisturbed, disturbed))
    assert character_error_rate(first, second) <= MISHEARD, (first, second)
