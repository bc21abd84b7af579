"""What docs/clients.md says of each client event is what the service does with it on a WebSocket."""

import json
import re
from typing import Any

import pytest
import websockets

from tests.clients.program import ROOT

DOORS = ("/v1/realtime?model=gpt-realtime", "/v1/realtime/translations?model=gpt-realtime-translate")
PAGE = (ROOT / "docs" / "clients.md").read_text()
ROWS = re.findall(
    r"^\| (`[a-z_.]+`.*?) \| ((?:served|refused).*?) \| ((?:served|refused).*?) \|$", PAGE, re.MULTILINE
)
CASES = [
    (event, door, cell)
    for events, *cells in ROWS
    for event in re.findall("`(.+?)`", events)
    for door, cell in zip(DOORS, cells, strict=True)
]
TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Bom dia."}]}
FIELDS: dict[str, dict[str, Any]] = {
    "session.update": {"session": {"audio": {}}},
    "transcription_session.update": {"session": {}},
    "input_audio_buffer.append": {"audio": "AAAA"},
    "session.input_audio_buffer.append": {"audio": "AAAA"},
    "conversation.item.create": {"item": TEXT},
    "conversation.item.retrieve": {"item_id": "item"},
    "conversation.item.delete": {"item_id": "item"},
    "conversation.item.truncate": {"item_id": "item", "content_index": 0, "audio_end_ms": 0},
}
REFUSALS = ("unknown event type", "output_audio_buffer.clear is for WebRTC")


def test_the_page_has_every_client_event_of_both_doors() -> None:
    assert len(CASES) == 2 * 14


@pytest.mark.parametrize(("event", "door", "cell"), CASES)
async def test_an_event_is_served_or_refused_as_the_page_says(
    address: str, event: str, door: str, cell: str
) -> None:
    refused = False
    async with websockets.connect(f"ws://{address}{door}") as socket:
        await socket.send(json.dumps({"type": event, "event_id": "asked", **FIELDS.get(event, {})}))
        # Some events have no answer: the refusal of the next one shows that they have been read.
        await socket.send(json.dumps({"type": "unheard of", "event_id": "next"}))
        async for message in socket:
            received = json.loads(message)
            if received["type"] == "session.closed":
                break
            if received["type"] == "error":
                if received["error"]["event_id"] == "next":
                    break
                refused = received["error"]["message"].startswith(REFUSALS)
    assert refused == cell.startswith("refused")
