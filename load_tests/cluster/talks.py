"""Sessions that speak to the cluster in real time, whatever happens to it meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from load_tests.measurements.heard_words import calm_texts, longest_silence_s
from load_tests.scenarios.sessions import Scenario, ServiceSession, run_scenario
from sokuji.client.config import Config
from sokuji.client.handshake import ServiceUnreachable
from sokuji.errors import ConfigError

LANGUAGE, TARGET = "pt", "en"
CALM_S = 26.0
"""Long enough for every recording of the language."""
RESUME_WITHIN_S = 150.0
"""Clients that give up sooner would hide how long an outage was."""
DEADLINE_S = 180.0
RETRY_S, RETRIES = 2.0, 60


@dataclass(frozen=True, slots=True)
class Calm:
    """What a user hears who is left alone."""

    texts: Mapping[str, str]
    longest_silence_s: float


def scenario(sessions: int, duration_s: float, stagger_s: float = 3.0) -> Scenario:
    """Sessions that are interpreted sentence by sentence, with a voice."""
    config = Config(source_language=LANGUAGE, target_language=TARGET, commit="utterance")
    return Scenario(config, sessions, duration_s, deadline_s=DEADLINE_S, stagger_s=stagger_s)


async def calm(url: str) -> Calm:
    """Speak each recording once.

    Raises:
        ConfigError: the service does not answer as it should, so that nothing can be compared with it.
    """
    (session,), _ = await talk(url, scenario(1, CALM_S))
    if session.failure is not None:
        raise ConfigError(f"a session that was left alone failed: {session.failure.message}")
    voice = (
        [chunk for each in session.responses.utterances for chunk in each.voice] if session.responses else []
    )
    return Calm(calm_texts(session), round(longest_silence_s(voice), 1))


async def talk(
    url: str, what: Scenario, disturbance: Callable[[], Awaitable[None]] | None = None
) -> tuple[list[ServiceSession], int]:
    """Run the sessions; those that are refused, or find nobody, try again.

    Args:
        disturbance: is run when the first session is in the middle of its second sentence.

    Returns:
        The sessions that were let in at some time, and how often one was refused.
    """
    disturbing: list[asyncio.Future[None]] = []
    middle_ms = sum(what.speech(0).spans_ms[1]) / 2 if disturbance else 0.0

    def reached(ms: float) -> None:
        if disturbance and not disturbing and ms >= middle_ms:
            disturbing.append(asyncio.ensure_future(disturbance()))

    async def one(number: int) -> tuple[ServiceSession | None, int]:
        await asyncio.sleep(what.stagger_s * number / what.sessions)
        alone = replace(what, sessions=1, talk=what.speech(number), stagger_s=0)
        spoken = reached if number == 0 else _ignore
        for refusals in range(RETRIES):
            (session,) = await run_scenario(
                url, alone, keep_responses=True, first_spoken_until=spoken, resume_within_s=RESUME_WITHIN_S
            )
            if session.refused_after_s is None and not isinstance(session.failure, ServiceUnreachable):
                return session, refusals
            await asyncio.sleep(RETRY_S)
        return None, RETRIES

    results = await asyncio.gather(*(one(number) for number in range(what.sessions)))
    await asyncio.gather(*disturbing)
    return [session for session, _ in results if session is not None], sum(
        refusals for _, refusals in results
    )


def _ignore(ms: float) -> None:
    """Nothing depends on it."""
