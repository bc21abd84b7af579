"""The Gateway deployment: the ingress. It holds the sockets and their sessions and calls the stages.

A conversation lives in the replica that holds its socket. The replica itself computes little: voice activity
detection, resampling and decoding, all in threads.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence, Set
from typing import Any

from fastapi import FastAPI
from ray import serve
from ray.exceptions import RayError
from ray.serve.handle import DeploymentHandle

from deployments import logs, runtime_env
from deployments.handles import RemoteSpeechToText, RemoteTextToSpeech, RemoteTranslator
from deployments.stopping import until_stopped
from sokuji.api.app import build_app
from sokuji.api.service import Service
from sokuji.audio.voice_activity import SileroVad
from sokuji.config import GatewaySettings, parse_gateway
from sokuji.errors import ProviderFailed
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline

log = logging.getLogger("ray.serve")

REFRESH_S = 5.0
"""How often the stages are asked what they can do; ``/health`` answers from the last time."""
STARTING_REFRESH_S = 0.5
FAREWELL_S = 15.0
"""Time to recognise, translate and speak what a conversation that drains has taken in."""


@serve.deployment(
    ray_actor_options={"num_cpus": 0.2},
    # Every open socket holds one place for its life; ``ws_max_connections`` refuses more politely.
    max_ongoing_requests=256,
    # All clients may come back at once after a restart; past this a handshake would get a 500.
    max_queued_requests=512,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 64,
        "upscale_delay_s": 3,
        # Scaling down closes conversations: do it late.
        "downscale_delay_s": 600,
    },
    health_check_period_s=5,
    health_check_timeout_s=20,
    # A replica that is to be replaced goes when its successor is up, so that clients have somewhere to go.
    max_surge_percent=100,
    graceful_shutdown_wait_loop_s=1,
    # More than ``drain_s`` and ``FAREWELL_S``; what is still open then closes with 1006.
    graceful_shutdown_timeout_s=30,
)
@serve.ingress()
class Gateway:
    """Doors in front, stage handles behind."""

    def __init__(
        self,
        stt: Sequence[DeploymentHandle[Any]],
        translation: Sequence[DeploymentHandle[Any]],
        tts: Sequence[DeploymentHandle[Any]],
        shared_variables: Set[str] = frozenset(),
    ) -> None:
        logs.join()
        self._own_variables = runtime_env.variables() - shared_variables
        """Names of the variables that the Serve config sets for this deployment and not for all of them."""
        stages = StageProviders(
            [RemoteSpeechToText(handle) for handle in stt],
            [RemoteTranslator(handle) for handle in translation],
            [RemoteTextToSpeech(handle) for handle in tts],
        )
        settings = GatewaySettings()
        self._service = Service(Pipeline(stages, settings.deadlines, settings.resilience), settings)
        self._watching: asyncio.Task[None] | None = None
        self._retiring: asyncio.Task[None] | None = None

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Serve calls this once, after the constructor, for the app that answers requests."""
        return build_app(self._service)

    async def reconfigure(self, user_config: Mapping[str, Any]) -> None:
        """New limits and timings hold for new requests and sessions.

        With ``draining`` this returns when there are no sessions left.

        Raises:
            ConfigError: a setting is unknown or out of range; the deployment is refused and says which.
            ModelMissing: the voice activity model is not installed.
        """
        settings = parse_gateway(user_config, own=self._own_variables)
        # Loads the model that all sessions share; one that is missing fails the deployment, not a session.
        await asyncio.to_thread(SileroVad)
        self._service.apply(settings)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
            self._retiring = asyncio.create_task(self._retire())
        if settings.draining:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.streaming.drain_s + FAREWELL_S):
                    await self._service.until_empty()

    async def check_health(self) -> None:
        """Raise when the watch over the stages has died, for then ``/health`` would lie."""
        if self._watching is not None and self._watching.done():
            raise ProviderFailed("the watch over the stages has ended")

    async def _watch(self) -> None:
        pipeline = self._service.pipeline
        while True:
            await pipeline.refresh()
            starting = any(state == "initializing" for state in pipeline.health.values())
            await asyncio.sleep(STARTING_REFRESH_S if starting else REFRESH_S)

    async def _retire(self) -> None:
        try:
            await until_stopped()
        except (AttributeError, RayError):
            # Worth no outage: clients that lose a socket unwarned connect again as well.
            log.exception("conversations will not be told when this replica stops: Ray has changed")
        else:
            self._service.drain()
