"""Responses that clients ask for: texts are translated here, speech has been translated by the session."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from sokuji.api.openai.realtime.items import Item
from sokuji.api.openai.realtime.response_state import Response, joined
from sokuji.api.openai.realtime.responses import Responses
from sokuji.api.openai.realtime.user_audio import SpokenItem
from sokuji.errors import SokujiError
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.pipeline import Pipeline
from sokuji.text.language_identification import identify

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedResponse:
    """A response to be made."""

    response: Response
    sources: Sequence[Item | SpokenItem]
    """What it answers."""
    source_language: str | None
    """Of the texts; None: it is identified."""
    target: str
    is_session_target: bool
    """Whether the session translates speech to ``target`` too."""
    voice_id: str
    speed: float


class ResponseMaker:
    """Makes one response after the other; ``run`` works until it is cancelled.

    Args:
        pipeline: returns the pipeline of the session.
        use_text: charges the client for a text that it has written.
        flush: sends the events that the responses have caused.
    """

    def __init__(
        self,
        pipeline: Callable[[], Pipeline],
        use_text: Callable[[str], Awaitable[None]],
        responses: Responses,
        flush: Callable[[], Awaitable[None]],
    ) -> None:
        self._pipeline = pipeline
        self._use_text = use_text
        self._responses = responses
        self._flush = flush
        # ``Responses.create`` bounds what waits here.
        self._waiting: asyncio.Queue[RequestedResponse] = asyncio.Queue()

    def put(self, answer: RequestedResponse) -> None:
        """Make a response when those before it are over."""
        self._waiting.put_nowait(answer)

    async def run(self) -> None:
        """Make responses."""
        while True:
            answer = await self._waiting.get()
            error: SokujiError | None = None
            try:
                await self._make(answer)
            except SokujiError as failure:
                log.warning("a response fails: %s: %s", failure.code, failure.message)
                error = failure
            except Exception:
                log.exception("a response fails")
                error = SokujiError("the response failed; ask for it again")
            self._responses.finish(answer.response, error)
            await self._flush()

    async def _make(self, answer: RequestedResponse) -> None:
        response = answer.response
        await response.started.wait()
        for source in answer.sources:
            text = await self._translated(answer, source)
            if response.is_over:
                return
            self._responses.say(response, text)
            await self._flush()
            if response.settings.modality == "audio" and text.strip():
                await self._speak(answer, text)

    async def _translated(self, answer: RequestedResponse, source: Item | SpokenItem) -> str:
        response = answer.response
        if isinstance(source, SpokenItem):
            await source.delivered.wait()
            response.heard_ms += source.audio_ms
            if answer.is_session_target:
                if source.answer_error is not None:
                    raise source.answer_error
                return source.translation
            text, language = source.words, source.language
        else:
            text, language = source.text, answer.source_language
            await self._use_text(text)
            response.read = joined(response.read, text)
        pipeline = self._pipeline()
        if not text.strip():
            return ""
        if language is None:
            among = text_sources(pipeline.catalogue, answer.target)
            language = await asyncio.to_thread(identify, text, among)
        return (await pipeline.translate_text(text, language, answer.target)).text

    async def _speak(self, answer: RequestedResponse, text: str) -> None:
        response = answer.response
        voice = self._pipeline().speak(
            text,
            answer.target,
            voice_id=answer.voice_id,
            speed=answer.speed,
            sample_rate=response.settings.format.sample_rate,
        )
        async with aclosing(voice):
            async for chunk in voice:
                if response.is_over:
                    return
                self._responses.play(response, chunk.pcm)
                await self._flush()


def text_sources(catalogue: Catalogue, target: str) -> list[str]:
    """The languages of texts that can be said in ``target``."""
    return sorted({target, *catalogue.text_sources.get(target, ())})
