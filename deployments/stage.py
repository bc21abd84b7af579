"""The base of the stage deployments: settings, the life of the model, and health.

A replica holds one provider. ``reconfigure`` validates the deployment's ``user_config``. A change of live
settings takes effect at once; any other change loads a new provider beside the old one and then swaps them,
so that calls are served throughout. ``check_health`` detects a model that hangs or is broken, which a check
of the process alone would not.
"""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, TypeVar

from prometheus_client import Metric

from deployments import gpu_share, logs, memory_bound, runtime_env
from deployments.cluster_metrics import ClusterMetrics, replica_labels
from deployments.model_health import ModelHealth
from deployments.replica_count import scales_to_zero
from sokuji.config import Settings, canonical_provider, changed_fields, parse_provider, served_provider
from sokuji.config.cloud import CloudSettings
from sokuji.contract import (
    DiarizerInfo,
    Provider,
    RecogniserInfo,
    StageName,
    StageRequest,
    SynthesiserInfo,
    TranslatorInfo,
)
from sokuji.errors import OUTAGES, ConfigError, ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.metrics.exposition import collected
from sokuji.metrics.gpus import gpu_metrics
from sokuji.telemetry import call_ids
from sokuji.telemetry.call_ids import CallIds

log = logging.getLogger("ray.serve")

P = TypeVar("P", bound=Provider)
InfoT = TypeVar("InfoT", RecogniserInfo, TranslatorInfo, SynthesiserInfo, DiarizerInfo)

PROBE_WAIT_S = 2.0
"""For how long a health check waits for a test inference; the next one asks again."""


@dataclass(eq=False, slots=True)
class _Call:
    """A call in progress."""

    provider: Provider
    finished: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class StageReplica(ABC, Generic[P]):
    """A replica of the stage ``stage``, whose providers fulfil ``P``.

    Args:
        provider: the provider for which the graph made the deployment; the environment may replace it.
        gpu_memory_gb: memory of a GPU, if the card cannot be queried.
        other_providers: the other providers of the stage, each of which has a deployment of its own.
    """

    stage: ClassVar[StageName]

    def __init__(
        self,
        provider: str,
        gpu_memory_gb: float | None = None,
        other_providers: Sequence[str] = (),
        shared_variables: Set[str] = frozenset(),
    ) -> None:
        logs.write_to_serve_log()
        gpu_share.export()
        self._configured_provider = provider
        self._other_providers = other_providers
        self._deployment_variables = runtime_env.variables() - shared_variables
        """Names of the variables that the Serve config sets for this deployment and not for all of them."""
        self._name = served_provider(self.stage, provider, other_providers)
        self._gpu_memory_gb = gpu_memory_gb
        self._provider: P | None = None
        self._swap = asyncio.Lock()
        self._health = ModelHealth()
        self._memory = memory_bound.of_replica()
        self._probing: asyncio.Task[None] | None = None
        """The test inference that runs."""
        self._calls: set[_Call] = set()
        labels = replica_labels()
        self._metrics = ClusterMetrics(labels) if labels else None

    @abstractmethod
    def create(self, config: Settings) -> P:
        """Construct the provider to which the settings belong.

        Raises:
            ConfigError: its package is not installed.
        """

    async def reconfigure(self, user_config: Mapping[str, object]) -> None:
        """Serve calls this before the first request and whenever ``user_config`` has changed.

        Raises:
            ConfigError: a setting cannot take effect; Serve rejects the deployment with this message.
            ModelMissing: a model file is absent or damaged.
        """
        logs.write_to_serve_log()
        named = canonical_provider(self.stage, str(user_config.get("provider", self._name)))
        # The graph writes the provider it was given, which the environment may have replaced.
        if named not in (self._name, self._configured_provider):
            raise ConfigError(
                f"this deployment serves provider {self._name!r}, its user_config names {named!r}; "
                "change the graph's args instead",
                param="provider",
            )
        config = parse_provider(
            self.stage,
            {**user_config, "provider": self._name},
            other_providers=self._other_providers,
            deployment_variables=self._deployment_variables,
        )
        async with self._swap:
            await self._apply(config)
        if self._metrics is not None:
            self._metrics.start(self._collect_metrics)

    async def _collect_metrics(self) -> list[Metric]:
        """What this process has measured: the gateway measures its calls, it knows the GPUs and cloud use."""
        labels = replica_labels()
        # In a thread, because a driver may take its time.
        return await asyncio.to_thread(lambda: collected(gpu_metrics(), labels))

    async def _apply(self, config: Settings) -> None:
        old = self._provider
        if old is None:
            await gpu_share.check(config, None, self._gpu_memory_gb)
            self._provider = await self._load(config)
            return
        changed, live = changed_fields(old.config, config)
        if not changed:
            return
        await gpu_share.check(config, None if live else old.config, self._gpu_memory_gb)
        if live:
            old.update(config)
            log.info("%s: settings changed in place: %s", self._name, ", ".join(sorted(changed)))
            return
        self._provider = await self._load(config)
        # Calls that began before the swap still run on the old provider; new calls do not.
        if running := [call.finished for call in self._calls if call.provider is old]:
            await asyncio.wait(running)
        await old.aclose()

    async def _load(self, config: Settings) -> P:
        provider = self.create(config)
        began = time.monotonic()
        try:
            await provider.load()
            loaded = time.monotonic()
            if not isinstance(config, CloudSettings):
                await provider.check()
        except BaseException:
            await provider.aclose()
            raise
        log.info("%s: loaded in %.1f s", self._name, loaded - began)
        self._health.loaded(time.monotonic() - loaded)
        return provider

    async def check_health(self) -> None:
        """Raise if calls have stalled, or if the smallest real inference fails after a time without calls.

        Or if the replica has outgrown its memory.
        It returns soon in any case, so that Serve may take a process that does not answer for a frozen one.
        """
        logs.write_to_serve_log()
        provider = self._provider
        if provider is None:
            return
        # While a model is loaded beside the old one, both are in memory.
        if not self._swap.locked() and (excess := self._memory.excess):
            raise ProviderFailed(f"{self._name}: {excess}")
        # A new replica would not reach the cloud service either; callers fall back to another provider.
        in_cloud = isinstance(provider.config, CloudSettings)
        if not in_cloud and (stalled_s := self._health.stalled_s) is not None:
            raise ProviderFailed(f"{self._name}: calls have had no good answer for {stalled_s:.0f} s")
        if self._probing is None and self._health.is_idle:
            self._probing = asyncio.create_task(self._probe(provider))
        if self._probing is None or not (await asyncio.wait([self._probing], timeout=PROBE_WAIT_S))[0]:
            return
        probing, self._probing = self._probing, None
        try:
            probing.result()
        except OUTAGES as error:
            if not in_cloud:
                raise
            log.warning("%s: %s", self._name, error.message)
            self._health.succeeded()

    async def _probe(self, provider: P) -> None:
        """Test a model; the test counts as a call."""
        call = _Call(provider)
        self._health.began(call)
        try:
            await provider.check()
            self._health.succeeded()
        finally:
            self._health.ended(call)

    def _note_answers(self, answers: Sequence[object]) -> None:
        """Note the answers of a batch; it succeeds unless the model failed on all of it."""
        if not answers or not all(isinstance(answer, ProviderFailed) for answer in answers):
            self._health.succeeded()
        else:
            self._health.failed()

    def _note_success(self) -> None:
        """Note a part of an answer."""
        self._health.succeeded()

    def _deployed(self, info: InfoT) -> InfoT:
        """What the provider says of itself, with what is said of its deployment."""
        return replace(info, scales_to_zero=scales_to_zero())

    def _loaded(self) -> P:
        if self._provider is None:
            raise ProviderUnavailable(f"{self._name} is still loading", retry_after_s=2)
        return self._provider

    @asynccontextmanager
    async def _call(self, requests: Sequence[StageRequest] = ()) -> AsyncIterator[P]:
        """The provider for one call, whose outcome is noted for ``check_health``.

        Args:
            requests: of one caller; what is logged meanwhile has their ids.

        Raises:
            ProviderUnavailable: no provider is loaded yet.
            ProviderFailed: the provider raised anything else than a ``SokujiError``.
        """
        with call_ids.bound(requests[0].ids if requests else CallIds()):
            began = time.monotonic()
            async with self._noted_call() as provider:
                yield provider
            log.debug("%s: answered in %.3f s", self._name, time.monotonic() - began)

    @asynccontextmanager
    async def _noted_call(self) -> AsyncIterator[P]:
        provider = self._loaded()
        call = _Call(provider)
        self._calls.add(call)
        self._health.began(call)
        abandoned = False
        try:
            yield provider
        except (asyncio.CancelledError, GeneratorExit):
            abandoned = True
            raise
        except SokujiError as error:
            # A refused request shows a working model too; only the failure of the model does not.
            self._note_answers([error])
            raise
        except Exception as error:
            log.exception("%s failed", self._name)
            self._health.failed()
            # Ray sends the causes of an error too, as text; the message of this one may quote what was said.
            raise ProviderFailed(f"{self._name} failed: {type(error).__name__}") from None
        finally:
            self._calls.discard(call)
            self._health.ended(call, abandoned=abandoned)
            call.finished.set_result(None)
