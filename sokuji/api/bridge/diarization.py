"""The fields of a REST call that asks who speaks in a recording (bridge API, version 1)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from sokuji.api.request_fields import RequestForm
from sokuji.errors import InvalidRequest
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.diarization import check_diarization
from sokuji.pipeline.speaker_labels import SpeakerLabels
from sokuji.protocol import DEFAULT_MAX_SPEAKERS, MAX_SPEAKERS

Diarize = Annotated[
    bool,
    Field(description="Whether to tell speakers apart; refused where the service has no provider for it"),
]
MaxSpeakers = Annotated[
    int | None,
    Field(ge=1, le=MAX_SPEAKERS, description=f"With diarize: speakers at most; null: {DEFAULT_MAX_SPEAKERS}"),
]


class DiarizationForm(RequestForm):
    """A recording whose speakers can be told apart."""

    diarize: Diarize = False
    max_speakers: MaxSpeakers = None

    @model_validator(mode="after")
    def _check_max_speakers(self) -> Self:
        if self.max_speakers is not None and not self.diarize:
            raise InvalidRequest("max_speakers needs diarize", param="max_speakers")
        return self

    def labels(self, catalogue: Catalogue) -> SpeakerLabels | None:
        """For the speakers of the recording; None: they are not told apart.

        Raises:
            NotSupported: the service cannot tell them apart.
        """
        if not self.diarize:
            return None
        check_diarization(catalogue)
        return SpeakerLabels(self.max_speakers or DEFAULT_MAX_SPEAKERS)
