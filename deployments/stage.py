"""What the replicas of all three stages have in common: settings, model life, health.

A replica holds one provider. ``reconfigure`` validates the deployment's ``user_config``; settings that are
live change at once, any other change loads the new model beside the old one and then swaps, so that calls go
on meanwhile. ``check_health`` finds a model that is broken or stuck, not only a process that is gone.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from deployments import gpu_share, logs, runtime_env
from sokuji.config import canonical_provider, changed_fields, parse_provider, served_provider
from sokuji.config.cloud import CloudSettings
from sokuji.errors import OUTAGES, ConfigError, ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.providers.registry import Stage, create

log = logging.getLogger("ray.serve")

FRESH_S = 10.0
"""A model that has answered well within this time needs no test inference."""
STUCK_S = 60.0
"""Calls that bring no good answer for so long mean that the model hangs or is broken."""


@dataclass(eq=False, slots=True)
class _Call:
    """A call that is being answered."""

    provider: Any
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class StageReplica:
    """Base of the stage deployments; ``stage`` says which."""

    stage: Stage

    def __init__(
        self,
        provider: str,
        gpu_memory_gb: float | None = None,
        beside: Sequence[str] = (),
        shared_variables: Set[str] = frozenset(),
    ) -> None:
        logs.join()
        gpu_share.announce()
        self._made_for = provider
        self._beside = beside
        """The other providers of the stage, each of which has a deployment of its own."""
        self._own_variables = runtime_env.variables() - shared_variables
        """Names of the variables that the Serve config sets for this deployment and not for all of them."""
        self._name = served_provider(self.stage, provider, beside)
        self._gpu_memory_gb = gpu_memory_gb
        self._provider: Any = None
        self._swap = asyncio.Lock()
        self._answered_at = 0.0
        self._waiting_since: float | None = None
        """When the first call came that has not been followed by a good answer yet."""
        self._calls: set[_Call] = set()

    async def reconfigure(self, user_config: Mapping[str, Any]) -> None:
        """Serve calls this before the first request and whenever ``user_config`` has changed.

        Raises:
            ConfigError: a setting cannot take effect; the deployment is refused and says which.
        """
        named = canonical_provider(self.stage, user_config.get("provider", self._name))
        # What the graph has written there is the provider that the environment has replaced.
        if named not in (self._name, self._made_for):
            raise ConfigError(
                f"this deployment serves provider {self._name!r}, its user_config names {named!r}; "
                "change the graph's args instead",
                param="provider",
            )
        config = parse_provider(
            self.stage,
            {**user_config, "provider": self._name},
            beside=self._beside,
            own=self._own_variables,
        )
        async with self._swap:
            await self._take_over(config)

    async def _take_over(self, config: Any) -> None:
        old = self._provider
        if old is not None:
            changed, live = changed_fields(old.config, config)
            if not changed:
                return
            await gpu_share.check(config, None if live else old.config, self._gpu_memory_gb)
            if live:
                old.update(config)
                log.info("%s: changed at once: %s", self._name, ", ".join(sorted(changed)))
                return
        else:
            await gpu_share.check(config, None, self._gpu_memory_gb)
        new = create(self.stage, config)
        began = time.monotonic()
        try:
            await new.load()
        except BaseException:
            await new.aclose()
            raise
        log.info("%s: loaded in %.1f s", self._name, time.monotonic() - began)
        self._provider = new
        self._answered()
        if old is not None:
            # Calls that came before the swap still run on the old model; those that come now do not.
            if running := [call.over for call in self._calls if call.provider is old]:
                await asyncio.wait(running)
            await old.aclose()

    async def describe(self) -> Any:
        """What the provider can do (one of the ``*Info`` classes)."""
        return await self._loaded().describe()

    async def check_health(self) -> None:
        """Raise when the model hangs, or fails at the smallest real inference after a quiet while."""
        now = time.monotonic()
        elsewhere = self._provider is not None and isinstance(self._provider.config, CloudSettings)
        if self._waiting_since is not None and now - self._waiting_since > STUCK_S and not elsewhere:
            raise ProviderFailed(f"{self._name}: calls have had no good answer for more than {STUCK_S:g} s")
        if self._provider is None or now - self._answered_at < FRESH_S or self._calls:
            return
        try:
            await self._provider.check()
        except OUTAGES as error:
            # Another replica would reach the service no better, and callers fall back meanwhile.
            if not elsewhere:
                raise
            log.warning("%s: %s", self._name, error.message)
        self._answered()

    def _answered(self, answers: Sequence[Any] = ()) -> None:
        """Note a good answer: anything but the failure of the model on all of a batch."""
        if not answers or not all(isinstance(answer, ProviderFailed) for answer in answers):
            self._answered_at, self._waiting_since = time.monotonic(), None

    def _loaded(self) -> Any:
        if self._provider is None:
            raise ProviderUnavailable(f"{self._name} is still loading", retry_after_s=2)
        return self._provider

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[Any]:
        """The provider, watched while it works; what it raises reaches the caller as one of our errors."""
        provider = self._loaded()
        call = _Call(provider)
        self._calls.add(call)
        self._waiting_since = self._waiting_since or time.monotonic()
        try:
            yield provider
        except SokujiError as error:
            # A caller's mistake is an answer too; only the model's own failure is not.
            self._answered([error])
            raise
        except Exception as error:
            log.exception("%s failed", self._name)
            raise ProviderFailed(f"{self._name} failed: {type(error).__name__}") from error
        finally:
            self._calls.discard(call)
            call.over.set_result(None)
