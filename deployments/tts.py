"""The TextToSpeech deployment: a text in, chunks of its voice out as they are made."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from ray import serve

from deployments.stage import StageReplica
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest
from sokuji.providers.tts import resampled_output


@serve.deployment(
    ray_actor_options={"num_cpus": 0.2},
    # The provider gives first chunks of all the first turn; it must know of all for that.
    max_ongoing_requests=64,
    max_queued_requests=128,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 4,
        "upscale_delay_s": 3,
        "downscale_delay_s": 120,
    },
    health_check_period_s=10,
    # A long sentence of a slow voice takes seconds, and checks wait behind it.
    health_check_timeout_s=60,
    graceful_shutdown_wait_loop_s=1,
    graceful_shutdown_timeout_s=30,
)
class TextToSpeech(StageReplica):
    """Texts in, voice out."""

    stage = "tts"

    async def describe(self) -> SynthesiserInfo:
        """What the provider can do, at the rate and in the format that the settings say."""
        return await resampled_output.describe(self._loaded())

    async def synthesize(self, request: SynthesisRequest) -> AsyncIterator[AudioChunk]:
        """The voice, chunk by chunk; a caller that stops reading stops the work."""
        async with (
            self._call() as provider,
            aclosing(resampled_output.synthesize(provider, request)) as chunks,
        ):
            async for chunk in chunks:
                self._answered()
                yield chunk
