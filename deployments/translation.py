"""The Translation deployment: texts in, translations out."""

from ray import serve

from deployments.stage import StageReplica
from sokuji.contract import TranslatedText as TranslatedText
from sokuji.contract import TranslationRequest
from sokuji.errors import SokujiError


@serve.deployment(
    # The embedded model needs some 15 ms a sentence.
    ray_actor_options={"num_cpus": 0.2},
    max_ongoing_requests=32,
    max_queued_requests=256,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 8,
        "upscale_delay_s": 3,
        "downscale_delay_s": 120,
    },
    health_check_period_s=10,
    health_check_timeout_s=30,
    graceful_shutdown_wait_loop_s=1,
    graceful_shutdown_timeout_s=20,
)
class Translation(StageReplica):
    """Batches of texts in, translations out, in the same order."""

    stage = "translation"

    async def translate(self, requests: list[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One translation, or its error, for each request."""
        async with self._call() as provider:
            answers: list[TranslatedText | SokujiError] = await provider.translate(requests)
            self._answered(answers)
            return answers
