"""The TextToSpeech deployment: a text in, chunks of speech out as they are made."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ray import serve

from deployments.stage import StageReplica
from sokuji.config import Settings
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesiserProvider, SynthesisRequest
from sokuji.providers.registry import create
from sokuji.providers.tts import resampled_output


@serve.deployment(
    ray_actor_options={"num_cpus": 0.2},
    # The provider computes the first chunks of all requests first; for that it must have all requests.
    max_ongoing_requests=64,
    max_queued_requests=128,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 4,
        "upscale_delay_s": 3,
        "downscale_delay_s": 120,
    },
    # A process that gives no answer to three checks is frozen, and is replaced.
    health_check_period_s=2,
    health_check_timeout_s=5,
    graceful_shutdown_wait_loop_s=1,
    graceful_shutdown_timeout_s=30,
)
class TextToSpeech(StageReplica[SynthesiserProvider]):
    """A replica that speaks; its methods are those of ``Synthesiser``."""

    stage = "tts"

    def create(self, config: Settings) -> SynthesiserProvider:
        """See ``StageReplica.create``."""
        return create("tts", config)

    async def describe(self) -> SynthesiserInfo:
        """What the provider can do, with the sample rate and the file format of the settings."""
        return self._deployed(await resampled_output.describe(self._loaded()))

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """The speech, chunk by chunk; closing the generator ends the synthesis."""
        async with (
            self._call([request]) as provider,
            aclosing(resampled_output.synthesize(provider, request)) as chunks,
        ):
            async for chunk in chunks:
                self._note_success()
                yield chunk
