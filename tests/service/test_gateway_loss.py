"""The gateway replica is killed in mid-sentence on a real Serve instance: the client goes on by itself."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence

import psutil

from sokuji.measure.samples import ComposedSpeech, compose, sentences
from tests.service.conftest import RunningService
from tests.service.interpretation import MISHEARD, Heard, interpret
from tests.support.text_similarity import character_error_rate


async def both(url: str, speech: ComposedSpeech, reached: Callable[[float], None]) -> tuple[Heard, Heard]:
    """Two conversations at a time, by utterance and by clause."""
    return await asyncio.gather(
        interpret(url, speech, "utterance", reached),
        interpret(url, speech, "clause", lambda ms: None),
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

    url = f"http://{service.address}"
    undisturbed = await both(url, speech, lambda ms: None)
    disturbed = await both(url, speech, kill)
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
