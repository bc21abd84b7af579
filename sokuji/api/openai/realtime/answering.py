"""What of a conversation is answered, and by which response.

With turn detection a turn is answered when it is committed, unless the client does not want that. All else
waits for a ``response.create``.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sokuji.api.openai.realtime import response_requests, session_settings
from sokuji.api.openai.realtime.client_events import ResponseCancel, ResponseCreate
from sokuji.api.openai.realtime.configuration import Configuration
from sokuji.api.openai.realtime.items import Item, Items, written_item
from sokuji.api.openai.realtime.response_maker import RequestedResponse, ResponseMaker
from sokuji.api.openai.realtime.response_state import Response
from sokuji.api.openai.realtime.responses import Responses
from sokuji.api.openai.realtime.user_audio import SpokenItem
from sokuji.errors import InvalidRequest
from sokuji.session.session import Session

MAX_ITEMS_KEPT = 500
"""Items that wait for a ``response.create``, and speech to which one can refer; the oldest are left out."""


class NoResponse(InvalidRequest):
    """There is no response to cancel."""

    code = "response_cancel_not_active"


class Answering:
    """Answers the items of one conversation; ``run`` works until it is cancelled.

    Args:
        configuration: has opened ``session``.
        flush: sends what is in the outbox.
    """

    def __init__(
        self,
        configuration: Configuration,
        session: Session,
        items: Items,
        responses: Responses,
        flush: Callable[[], Awaitable[None]],
    ) -> None:
        self._configuration = configuration
        self._session = session
        self._items = items
        self._responses = responses
        self._maker = ResponseMaker(configuration.pipeline, configuration.use_text, responses, flush)
        self._spoken: dict[str, SpokenItem] = {}
        """Item id -> speech, of the newest items."""
        self._unanswered: list[Item | SpokenItem] = []

    async def run(self) -> None:
        """Make the responses that clients ask for."""
        await self._maker.run()

    def add_written(self, item: Item) -> None:
        """Note an item that the client has written."""
        if item.role == "user":
            self._leave_unanswered(item)

    def add_spoken(self, spoken: SpokenItem) -> None:
        """Note speech that has been committed; its response begins, where it is answered by itself."""
        self._spoken[spoken.item.id] = spoken
        while len(self._spoken) > MAX_ITEMS_KEPT:
            del self._spoken[next(iter(self._spoken))]
        config = self._configuration.current
        if config.is_answered:
            spoken.response = self._responses.create(response_requests.response_settings(config))
        elif config.type == "realtime":
            self._leave_unanswered(spoken)

    def forget(self, item_id: str) -> None:
        """Do not answer an item that has been deleted."""
        self._unanswered = [
            each
            for each in self._unanswered
            if (each.item if isinstance(each, SpokenItem) else each).id != item_id
        ]

    def create(self, event: ResponseCreate, *, is_quiet: bool) -> None:
        """Begin the response that a client asks for.

        Args:
            is_quiet: whether nothing is being said.

        Raises:
            InvalidRequest: it cannot be given.
        """
        session_config = self._configuration.current
        if session_config.type == "transcription":
            raise InvalidRequest("a transcription session gives no responses", param="type")
        request = response_requests.parsed(event.response)
        sources = self._unanswered if request.input is None else self._given(request.input)
        if request.input is None and not sources and session_config.is_answered and not is_quiet:
            return  # What is being said is answered anyway.
        config = request.config(session_config)
        default = self._configuration.service.settings.openai.target_language
        target = session_settings.target_language(config, default)
        voice_id = self._configuration.voice(config, target) if config.speaks else ""
        response = self._responses.create(request.settings(config))
        self._maker.put(
            RequestedResponse(
                response=response,
                sources=tuple(sources),
                source_language=self._configuration.written_language(config),
                target=target,
                is_session_target=target == session_settings.target_language(session_config, default),
                voice_id=voice_id,
                speed=config.audio.output.speed,
            )
        )
        if request.input is None:
            self._unanswered = []

    def cancel(self, event: ResponseCancel) -> None:
        """Stop a response.

        Raises:
            NoResponse: it is not in progress and does not wait.
        """
        response = self._responses.find(event.response_id)
        if response is None:
            raise NoResponse("there is no response in progress to cancel", param="response_id")
        self._stop_voice(response)
        self._responses.cancel(response, "client_cancelled")

    def interrupt(self, segment_id: int) -> None:
        """Stop all responses: somebody speaks, in a segment that begins."""
        self._session.cancel_before(segment_id)
        while (response := self._responses.find(None)) is not None:
            self._responses.cancel(response, "turn_detected")

    def _leave_unanswered(self, item: Item | SpokenItem) -> None:
        self._unanswered = [*self._unanswered, item][-MAX_ITEMS_KEPT:]

    def _stop_voice(self, response: Response) -> None:
        """Stop the session from speaking what a response would say."""
        segments = [
            segment_id
            for spoken in self._spoken.values()
            if spoken.response is response
            for segment_id in spoken.segments
        ]
        if segments:
            self._session.cancel_before(max(segments) + 1)

    def _given(self, items: list[dict[str, Any]]) -> list[Item | SpokenItem]:
        """The items that ``response.create`` names or brings along."""
        found: list[Item | SpokenItem] = []
        for index, data in enumerate(items):
            path = f"response.input.{index}"
            if data.get("type") == response_requests.ITEM_REFERENCE:
                item = self._items.find(str(data.get("id")), param=f"{path}.id")
                found.append(self._spoken.get(item.id, item))
            else:
                item = written_item(data, path)
                self._configuration.service.check_text_length(item.text, param=f"{path}.content")
                found.append(item)
        return found
