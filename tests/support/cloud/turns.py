"""What the providers that call a service say about whose turn it is."""

import pytest

from sokuji.contract import StageRequest
from sokuji.providers.request_slots import RequestSlots, Slot


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[StageRequest]:
    """The requests for which slots are acquired from now on."""
    seen: list[StageRequest] = []
    acquire = RequestSlots.acquire

    async def recording(slots: RequestSlots, request: StageRequest, due: float = 0.0) -> Slot:
        seen.append(request)
        return await acquire(slots, request, due)

    monkeypatch.setattr(RequestSlots, "acquire", recording)
    return seen
