"""The SpeechToText deployment: recognises utterances, and translates them if the model can."""

from collections.abc import Sequence

from ray import serve

from deployments.stage import StageReplica
from sokuji.config import Settings
from sokuji.contract import RecogniserInfo, RecogniserProvider, RecognitionRequest, Transcript
from sokuji.errors import SokujiError
from sokuji.providers.registry import create


@serve.deployment(
    # Recognition needs most of the computation; the other stages share the second of two cores.
    ray_actor_options={"num_cpus": 1},
    # Requests that queue inside the replica can be batched, and finals overtake partials there; in Serve's
    # own queue neither is possible.
    max_ongoing_requests=64,
    max_queued_requests=128,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 8,
        # Serve's default of 30 s is longer than callers wait.
        "upscale_delay_s": 3,
        "downscale_delay_s": 120,
    },
    # A process that gives no answer to three checks is frozen, and is replaced.
    health_check_period_s=2,
    health_check_timeout_s=5,
    graceful_shutdown_wait_loop_s=1,
    graceful_shutdown_timeout_s=30,
)
class SpeechToText(StageReplica[RecogniserProvider]):
    """A replica that recognises; its methods are those of ``Recogniser``."""

    stage = "stt"

    def create(self, config: Settings) -> RecogniserProvider:
        """See ``StageReplica.create``."""
        return create("stt", config)

    async def describe(self) -> RecogniserInfo:
        """What the provider can do."""
        return self._deployed(await self._loaded().describe())

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """One transcript, or its error, for each request."""
        async with self._call(requests) as provider:
            answers = await provider.transcribe(requests)
            self._note_answers(answers)
            return answers
