"""The SpeechToText deployment: recognises utterances, and translates them where the model can."""

from ray import serve

from deployments.stage import StageReplica
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import SokujiError


@serve.deployment(
    # Recognition is what takes the cores; the other stages share what is left of two.
    ray_actor_options={"num_cpus": 1},
    # What waits inside the replica can be put together, and finals can overtake partials there; what waits
    # before it cannot.
    max_ongoing_requests=64,
    max_queued_requests=128,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 8,
        # Serve's own 30 s is longer than a caller's patience.
        "upscale_delay_s": 3,
        "downscale_delay_s": 120,
    },
    health_check_period_s=10,
    # Longer than the longest utterance takes on a busy machine.
    health_check_timeout_s=60,
    graceful_shutdown_wait_loop_s=1,
    graceful_shutdown_timeout_s=30,
)
class SpeechToText(StageReplica):
    """Batches of utterances in, transcripts out, in the same order."""

    stage = "stt"

    async def transcribe(self, requests: list[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """One transcript, or its error, for each request."""
        async with self._call() as provider:
            answers: list[Transcript | SokujiError] = await provider.transcribe(requests)
            self._answered(answers)
            return answers
