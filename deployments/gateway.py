"""The Gateway deployment: the ingress, which holds the sockets and their sessions and calls the stages.

The state of a conversation is in the replica that holds its socket. A replica computes little itself: voice
activity detection, resampling and decoding, all in threads.
"""

import asyncio
import contextlib
import logging
import math
import os
import time
from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING

from fastapi import FastAPI
from prometheus_client import Metric
from ray import serve
from ray.exceptions import RayError

from deployments import logs, memory_bound, runtime_env
from deployments.autoscaling import demand_report
from deployments.broadcast_hub import RemoteHub
from deployments.cluster_metrics import ClusterMetrics, replica_labels
from deployments.frame_channel.gateway import ChannelledFrames
from deployments.handles import (
    Handle,
    RemoteDiarizer,
    RemoteSpeechToText,
    RemoteTextToSpeech,
    RemoteTranslator,
)
from deployments.http_server.bodies import ReportedBodies
from deployments.replica_count import running_replicas
from deployments.signing_key import signing_key
from deployments.stopping import until_stopped
from sokuji.api.app import build_app
from sokuji.api.credentials import Credentials
from sokuji.api.service import Service
from sokuji.api.service_metrics import replica_metrics
from sokuji.audio.voice_activity import SileroVad
from sokuji.config import GatewaySettings, check_proxy_variables, parse_gateway
from sokuji.errors import ConfigError, ProviderFailed
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline

if TYPE_CHECKING:
    from sokuji.api.grpc.server import GrpcServer

log = logging.getLogger("ray.serve")

REFRESH_S = 5.0
"""Interval at which the stages are queried for their abilities and state, which ``/health`` reports."""
STARTING_REFRESH_S = 0.5
"""This interval while a provider is starting, or does not answer."""
COUNT_S = 30.0
"""Interval at which the gateway replicas are counted."""
COMPLETION_S = 15.0
"""Time for a draining conversation to recognise, translate and speak the audio it has received."""


@serve.deployment(
    ray_actor_options={"num_cpus": 0.2},
    # Every open socket is an ongoing request, of sessions and of listeners; ``ws_max_connections`` and
    # ``max_gateway_listeners`` refuse more with errors of their own.
    max_ongoing_requests=1_024,
    # All clients may reconnect at once after a restart; beyond this a handshake is answered with 500.
    max_queued_requests=512,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 64,
        "upscale_delay_s": 3,
        # Scaling down interrupts conversations, so it comes late.
        "downscale_delay_s": 600,
    },
    # A process that gives no answer to three checks is frozen, and is replaced.
    health_check_period_s=2,
    health_check_timeout_s=5,
    # A replica is stopped when its successor is up, so that its clients can reconnect.
    max_surge_percent=100,
    graceful_shutdown_wait_loop_s=1,
    # More than ``drain_s`` and ``COMPLETION_S``; a socket still open then closes with 1006.
    graceful_shutdown_timeout_s=30,
)
@serve.ingress()
class Gateway:
    """Serves the API of ``sokuji.api`` over the stage deployments.

    Args:
        stt, translation, tts, speakers: handles of the deployments of each stage, in order of preference.
    """

    def __init__(
        self,
        stt: Sequence[Handle],
        translation: Sequence[Handle],
        tts: Sequence[Handle],
        speakers: Sequence[Handle] = (),
        shared_variables: Set[str] = frozenset(),
    ) -> None:
        logs.write_to_serve_log()
        self._config_variables = runtime_env.variables()
        self._deployment_variables = self._config_variables - shared_variables
        """Names of the variables that the Serve config sets for this deployment and not for all of them."""
        stages = StageProviders(
            [RemoteSpeechToText(handle) for handle in stt],
            [RemoteTranslator(handle) for handle in translation],
            [RemoteTextToSpeech(handle) for handle in tts],
            [RemoteDiarizer(handle) for handle in speakers],
        )
        settings = GatewaySettings()
        pipeline = Pipeline(stages, settings.deadlines, settings.resilience)
        self._gateways = 1
        """Replicas of this deployment."""
        self._stage_names = [handle.deployment_name for handle in (*stt, *translation, *tts, *speakers)]
        credentials = Credentials(signing_key())
        self._metrics = ClusterMetrics(replica_labels() or {})
        self._service = Service(
            pipeline,
            settings,
            credentials,
            lambda: self._gateways,
            replicas=self._metrics,
            hub=RemoteHub(),
        )
        self._service.uploads.start()
        self._grpc: GrpcServer | None = None
        """None: no setting has asked for it yet."""
        self._monitoring: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None
        self._memory = memory_bound.of_replica()
        self._emptying: asyncio.Task[None] | None = None
        """Waits for the sessions to leave a replica that has outgrown its memory."""

    def __serve_build_asgi_app__(self) -> FastAPI:
        """The ASGI app that answers requests; Serve calls this once, after the constructor."""
        app = build_app(self._service, server_answers_with_id=True)
        app.add_middleware(ChannelledFrames)
        app.add_middleware(ReportedBodies)
        return app

    async def reconfigure(self, user_config: Mapping[str, object]) -> None:
        """Apply new limits and timings to new requests and sessions.

        With ``draining`` this returns when no sessions are left, or after ``drain_s`` and ``COMPLETION_S``.

        Raises:
            ConfigError: a setting is unknown or out of range, a variable has no effect, or gRPC cannot be
                served; Serve rejects the deployment with this message.
            ModelMissing: the voice activity model is not installed.
        """
        logs.write_to_serve_log()
        settings = parse_gateway(user_config, deployment_variables=self._deployment_variables)
        check_proxy_variables(os.environ, self._config_variables)
        # Loads the model that all sessions share, so that a missing file fails the deployment, not a session.
        await asyncio.to_thread(SileroVad)
        self._service.apply(settings)
        await self._apply_grpc(settings)
        self._metrics.start(self._collect_metrics)
        if self._monitoring is None:
            self._monitoring = asyncio.create_task(self._monitor_stages())
            self._draining = asyncio.create_task(self._drain_when_stopped())
        if settings.draining:
            await self._until_empty()

    async def _apply_grpc(self, settings: GatewaySettings) -> None:
        if self._grpc is None:
            if not settings.grpc.address:
                return
            try:
                from sokuji.api.grpc.server import GrpcServer
            except ImportError as error:
                raise ConfigError(
                    f"grpc.address: install sokuji-bridge[grpc] ({error.name} is missing), or leave it out",
                    param="grpc.address",
                ) from None
            self._grpc = GrpcServer(self._service)
        await self._grpc.apply()

    async def __del__(self) -> None:
        """Wait for the calls over gRPC; Serve awaits this when its own requests have ended.

        They are no requests of Serve, which would end the replica under them.
        """
        if (server := getattr(self, "_grpc", None)) is not None:
            await server.stop(self._drain_time_s)

    async def check_health(self) -> None:
        """Raise when the monitoring of the stages has ended, so that ``/health`` would report an old state.

        Or when the replica has outgrown its memory, and its sessions have left.
        """
        logs.write_to_serve_log()
        if self._monitoring is not None and self._monitoring.done():
            raise ProviderFailed("the monitoring of the stages has ended")
        excess = self._memory.excess
        if excess and self._emptying is None:
            log.warning("the gateway drains, to be replaced: %s", excess)
            self._service.drain()
            self._emptying = asyncio.create_task(self._until_empty())
        if self._emptying is not None and self._emptying.done():
            raise ProviderFailed("the gateway had outgrown its bound of memory, and is drained")

    async def _until_empty(self) -> None:
        """Wait for the end of the sessions, which drain, for as long as that may take."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._drain_time_s):
                await self._service.until_empty()

    @property
    def _drain_time_s(self) -> float:
        """Within which conversations that drain have ended."""
        return self._service.settings.streaming.drain_s + COMPLETION_S

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """What sessions need of each stage, for ``deployments.autoscaling``; Serve calls this."""
        demands = self._service.admission.state.providers
        return demand_report(zip(self._stage_names, demands, strict=True))

    async def _collect_metrics(self) -> list[Metric]:
        return replica_metrics(self._service)

    async def _monitor_stages(self) -> None:
        pipeline = self._service.pipeline
        counted_at = -math.inf
        while True:
            in_use = len(self._service.sessions) > 0
            await pipeline.refresh(in_use=in_use)
            starting = any(state == "initializing" for state in pipeline.health.values())
            if not starting and time.monotonic() - counted_at > COUNT_S:
                counted_at = time.monotonic()
                self._gateways = await asyncio.to_thread(running_replicas)
            missing = any(each.is_missing for stage in pipeline.stages for each in stage.monitors)
            if starting or missing:
                await asyncio.sleep(STARTING_REFRESH_S)
            else:
                await self._until_due(wake=not in_use)

    async def _until_due(self, *, wake: bool) -> None:
        """Wait for the time of the next refresh, or with ``wake`` for a session, if one comes before."""
        for _ in range(round(REFRESH_S / STARTING_REFRESH_S)):
            await asyncio.sleep(STARTING_REFRESH_S)
            if wake and len(self._service.sessions):
                return

    async def _drain_when_stopped(self) -> None:
        try:
            await until_stopped()
        except (AttributeError, RayError):
            # No reason to fail: clients that lose a socket without notice reconnect as well.
            log.exception("conversations will get no notice when this replica stops: Ray has changed")
        else:
            self._service.drain()
            if self._grpc is not None:
                await self._grpc.stop(self._drain_time_s)
