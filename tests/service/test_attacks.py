"""Attacks on a real service, its memory watched from outside, beside a conversation that must not notice.

The test prints what each attack took: ``make attack ARGS="-s tests/service/test_attacks.py"``.
"""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from launcher.processes import session_members
from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.client import Config, connect
from sokuji.measure.latency import RealTimeSource
from tests.service.attacks import ATTACKS, BODY_BYTES, PIECE, connections, send, upload_head
from tests.service.conftest import RunningService
from tests.support.speech import sample, silence

pytestmark = pytest.mark.long

MAX_GROWTH_BYTES = 300 * 2**20
"""Of one process by one attack."""
STOPPED_S = 4.0
"""Less than a frozen replica takes to be replaced."""
UTTERANCE = silence(1_000) + sample("pt", "ola_mundo") + silence(1_000)
PEAK, NOW = "VmHWM", "VmRSS"


def titles(service: RunningService) -> dict[int, str]:
    """What runs for the service, by process."""
    children = Path(f"/proc/{service.launcher_pid}/task/{service.launcher_pid}/children").read_text().split()
    found = {}
    for pid in (member for child in children for member in session_members(int(child))):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            title = " ".join(Path(word.decode(errors="replace")).name for word in words[:3] if word)
            found[pid] = re.sub(r"^ray::|ServeReplica:sokuji:|\.\w+\(?\)?$", "", title)[:24]
    return found


def memory(pid: int, kind: str) -> int:
    """Resident bytes of a process; 0: it has ended."""
    with suppress(OSError):
        if found := re.search(rf"{kind}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()):
            return 1_024 * int(found[1])
    return 0


class Peaks:
    """The peaks of all processes from now on."""

    def __init__(self, service: RunningService) -> None:
        self._titles = titles(service)
        for pid in self._titles:
            with suppress(OSError):
                # proc(5): sets the peak back to what the process has now.
                Path(f"/proc/{pid}/clear_refs").write_text("5")
        self._before = {pid: memory(pid, NOW) for pid in self._titles}

    def growth(self) -> dict[str, tuple[int, int]]:
        """Bytes before and at the peak by process, the one that grew most first."""
        grown = {
            f"{title} ({pid})": (before, memory(pid, PEAK))
            for pid, title in self._titles.items()
            if (before := self._before[pid])
        }
        return dict(sorted(grown.items(), key=lambda each: each[1][0] - each[1][1]))


@dataclass
class Talk:
    """A conversation at the pace of speech: what was said, and what came of it."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    spoken: int = 0
    heard: int = 0
    voiced: int = 0
    failures: list[str] = field(default_factory=list)

    async def converse(self, address: str) -> None:
        """Speak until it is over."""
        config = Config(source_language="pt", target_language="en", commit="utterance")
        async with connect(f"ws://{address}/api/v1/ws/translate", config, resume_within_s=0) as conversation:
            async for event in conversation.converse(self._speech()):
                match event:
                    case events.Transcription(is_final=True):
                        self.heard += 1
                    case events.Audio(last=True):
                        self.voiced += 1
                    case events.Failed(error):
                        self.failures.append(str(error))

    async def _speech(self) -> AsyncIterator[bytes]:
        while not self.over.is_set():
            async for frame in RealTimeSource().frames(UTTERANCE, RECOGNISER_RATE, lambda _: None):
                yield frame
            self.spoken += 1


@pytest.mark.timeout(900)
async def test_no_attack_takes_much_memory_and_the_conversation_goes_on(
    service: RunningService, address: str, http: httpx.AsyncClient
) -> None:
    talk = Talk()
    talking = asyncio.create_task(talk.converse(address))
    rows, most = [], 0
    for attack in ATTACKS:
        peaks, spoken, failed = Peaks(service), talk.spoken, len(talk.failures)
        began = time.monotonic()
        await attack(address)
        assert (await http.get("/health")).status_code == 200
        grown = peaks.growth()
        most = max(most, *(peak - before for before, peak in grown.values()))
        shown = "; ".join(f"{name} {a >> 20} -> {b >> 20}" for name, (a, b) in list(grown.items())[:4])
        seconds = time.monotonic() - began
        said = f"{talk.spoken - spoken} utterances in {seconds:.0f} s, {len(talk.failures) - failed} failures"
        rows.append(f"| {attack.__name__} | {shown} | {said} |")
    talk.over.set()
    await talking
    print("", "| attack | MiB before -> at the peak | the conversation |", "|---|---|---|", *rows, sep="\n")
    print(f"{talk.spoken} utterances, {talk.heard} heard, {talk.voiced} voiced, failures: {talk.failures}")
    assert not talk.failures
    assert talk.heard == talk.voiced == talk.spoken
    assert most < MAX_GROWTH_BYTES


@pytest.mark.timeout(300)
async def test_bodies_wait_at_their_clients_while_no_gateway_reads_them(
    service: RunningService, address: str, http: httpx.AsyncClient
) -> None:
    (gateway,) = service.replica_pids("Gateway")
    peaks = Peaks(service)
    os.kill(gateway, signal.SIGSTOP)
    try:
        async with connections(address, 10) as writers, asyncio.timeout(STOPPED_S):
            await send(writers, upload_head(address))
            await send(writers, PIECE, BODY_BYTES // len(PIECE))
    except TimeoutError:
        pass
    finally:
        os.kill(gateway, signal.SIGCONT)
    grown = peaks.growth()
    print("\n", {name: (a >> 20, b >> 20) for name, (a, b) in list(grown.items())[:4]})
    assert (await http.get("/health")).status_code == 200
    assert max(peak - before for before, peak in grown.values()) < BODY_BYTES
