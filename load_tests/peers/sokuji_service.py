"""The Sokuji Bridge service: captions only, since the peers neither translate nor speak."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from load_tests.peers.server_process import HOST
from load_tests.peers.system import ANSWERED_WITHIN_S, Delays, PeerSession
from load_tests.scenarios.response_log import ResponseLog, UtteranceResponse
from load_tests.scenarios.service import started_service
from load_tests.scenarios.sessions import ServiceSession, SpokenUntil, converse
from sokuji import __version__
from sokuji.client.config import Config
from sokuji.measure.latency import Stopwatch


@dataclass(frozen=True, slots=True)
class SokujiSystem:
    """The service as a Serve config has it."""

    config: Path
    name: ClassVar[str] = "sokuji"

    @property
    def settings(self) -> dict[str, str]:
        """Its version and its Serve config."""
        return {"version": __version__, "config": self.config.name}

    @asynccontextmanager
    async def served(self, port: int) -> AsyncIterator[None]:
        """Run the service."""
        async with started_service(self.config, port):
            yield

    async def transcribe(self, port: int, session: PeerSession, spoken_until: SpokenUntil) -> None:
        """One conversation."""
        language = session.speech.language
        log = ResponseLog(language)
        conversation = ServiceSession(
            session.speech, session.pace, session.errors, stopwatch=Stopwatch(language), responses=log
        )
        config = Config(source_language=language, target_language=language, output="captions")
        url = f"http://{HOST}:{port}"
        await converse(
            url, config, conversation, spoken_until, deadline_s=ANSWERED_WITHIN_S, resume_within_s=0
        )
        session.text = " ".join(each.text for each in log.utterances)
        if session.pace.began is not None:
            session.delays = [
                sentence_delays(session, span, log.utterances) for span in session.speech.spans_ms
            ]


def sentence_delays(
    session: PeerSession, span_ms: tuple[int, int], utterances: Sequence[UtteranceResponse]
) -> Delays:
    """The delays of the sentence at that place of the recording: until its last utterance was final."""
    parts = [each for each in utterances if each.overlaps(*span_ms)]
    final_at = [each.final_at for each in parts if each.final_at is not None]
    if not any(each.text for each in parts) or len(final_at) < len(parts):
        return {}
    last = max(parts, key=lambda each: each.final_at or 0.0)
    since_end = session.since(span_ms[1], max(final_at))
    delays: Delays = {"stable": since_end, "final": since_end}
    if last.ended_at is not None:
        delays["known"] = 1_000 * (max(final_at) - last.ended_at)
    return delays
