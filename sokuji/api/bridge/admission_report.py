"""The state of admission as ``/health`` shows it."""

from pydantic import BaseModel, Field

from sokuji.admission.admission import AdmissionState
from sokuji.contract import StageName


class AdmissionResponse(BaseModel):
    """How many sessions this gateway replica serves, and how many it could."""

    sessions: int
    capacity: int | None = Field(
        description="Sessions that it holds if they speak as they do now; null where no provider reports it"
    )
    load: dict[StageName, float] = Field(
        description="Share of the room of each stage's fullest provider that is taken: 0 to 1"
    )
    refused: dict[str, int] = Field(description="Sessions refused since the start, by reason")


def response(state: AdmissionState) -> AdmissionResponse:
    """The state for ``/health``."""
    loads: dict[StageName, float] = {}
    for each in state.providers:
        loads[each.stage] = max(loads.get(each.stage, 0.0), round(each.load, 3))
    return AdmissionResponse(
        sessions=state.sessions, capacity=state.capacity, load=loads, refused=state.refused
    )
