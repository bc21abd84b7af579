"""The SpeakerDiarization deployment, which is optional: speech in, the turns of its speakers out."""

from collections.abc import Sequence

from ray import serve

from deployments.stage import StageReplica
from sokuji.config import Settings
from sokuji.contract import DiarizationRequest, DiarizerInfo, DiarizerProvider, SpeakerTurns
from sokuji.errors import SokujiError
from sokuji.providers.registry import create


@serve.deployment(
    # An utterance of a few seconds takes a tenth of one.
    ray_actor_options={"num_cpus": 0.1},
    # As for Translation: what waits in the replica is overtaken by live speech.
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
class SpeakerDiarization(StageReplica[DiarizerProvider]):
    """A replica that tells speakers apart; its methods are those of ``Diarizer``."""

    stage = "speakers"

    def create(self, config: Settings) -> DiarizerProvider:
        """See ``StageReplica.create``."""
        return create("speakers", config)

    async def describe(self) -> DiarizerInfo:
        """What the provider can do."""
        return self._deployed(await self._loaded().describe())

    async def diarize(self, requests: Sequence[DiarizationRequest]) -> list[SpeakerTurns | SokujiError]:
        """The turns, or the error, of each request."""
        async with self._call(requests) as provider:
            answers = await provider.diarize(requests)
            self._note_answers(answers)
            return answers
