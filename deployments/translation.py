"""The Translation deployment: texts in, translations out."""

from collections.abc import Sequence

from ray import serve

from deployments.stage import StageReplica
from sokuji.config import Settings
from sokuji.contract import TranslatedText, TranslationRequest, TranslatorInfo, TranslatorProvider
from sokuji.errors import SokujiError
from sokuji.providers.registry import create


@serve.deployment(
    # The embedded model needs about 15 ms for a sentence.
    ray_actor_options={"num_cpus": 0.2},
    # More than the gateways' REST calls: what waits in the replica is overtaken by live speech, what waits in
    # Serve's own queue is not.
    max_ongoing_requests=128,
    max_queued_requests=256,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 8,
        "upscale_delay_s": 3,
        "downscale_delay_s": 120,
    },
    # A process that gives no answer to three checks is frozen, and is replaced.
    health_check_period_s=2,
    health_check_timeout_s=5,
    graceful_shutdown_wait_loop_s=1,
    graceful_shutdown_timeout_s=20,
)
class Translation(StageReplica[TranslatorProvider]):
    """A replica that translates; its methods are those of ``Translator``."""

    stage = "translation"

    def create(self, config: Settings) -> TranslatorProvider:
        """See ``StageReplica.create``."""
        return create("translation", config)

    async def describe(self) -> TranslatorInfo:
        """What the provider can do."""
        return self._deployed(await self._loaded().describe())

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One translation, or its error, for each request."""
        async with self._call(requests) as provider:
            answers = await provider.translate(requests)
            self._note_answers(answers)
            return answers
