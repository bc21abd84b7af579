"""The speaker's side of a broadcast: takes the events of a session to the hub, and back what listeners want.

A hub that cannot be reached holds up nobody: events wait in bounds, as for a slow listener, and what has no
room is lost for the listeners alone.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NoReturn

from sokuji.broadcast.contract import BroadcastHub, BroadcastLimits, WantedLanguages
from sokuji.broadcast.mailbox import Letter, Mailbox
from sokuji.errors import ProviderUnavailable, Replaced, UnknownBroadcast
from sokuji.events import Ack, Done, Event, Ready

log = logging.getLogger(__name__)

MAX_WAITING_BYTES = 2**22
"""Voices that wait for the hub."""
RETRY_S = 0.5
OPEN_S = 2.0
CLOSE_S = 2.0
"""How long the hub is given to learn that the speaker has gone."""
Attend = Callable[[Mapping[str, bool], int], Awaitable[None]]
"""See ``Session.attend``."""


class Publisher:
    """One connection of the speaker of a broadcast.

    Args:
        resumed: where the session goes on; None: it is new.
        attend: is told what is wanted, now and whenever that changes.
    """

    def __init__(
        self,
        hub: BroadcastHub,
        broadcast_id: str,
        limits: BroadcastLimits,
        resumed: Ack | None,
        attend: Attend,
    ) -> None:
        self.broadcast_id = broadcast_id
        self._hub = hub
        self._limits = limits
        self._resumed = resumed
        self._attend = attend
        self._mailbox: Mailbox[Event] = Mailbox(MAX_WAITING_BYTES)
        self._connection = 0
        self._known = -1
        """Version of what is wanted that the session knows."""
        self._over = False
        self._opened = asyncio.Event()
        self._ready = asyncio.Event()

    def publish(self, event: Event) -> None:
        """Hand an event over; returns at once."""
        if isinstance(event, Done):
            self._over = True
        elif isinstance(event, Ready):
            self._ready.set()
        self._mailbox.put(Letter(event))
        if self._mailbox.is_overrun:
            log.warning("captions that wait for the hub of the broadcasts are dropped")
            self._mailbox.clear()

    def end(self) -> None:
        """Note that the session cannot be resumed."""
        self._over = True

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Publish until the end of the block, and then what still waits."""
        running = asyncio.create_task(self._run())
        try:
            # Whoever is told of the broadcast should find it; a hub that is slow is not waited for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(OPEN_S):
                    await self._opened.wait()
            yield
        finally:
            self._mailbox.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await asyncio.shield(running)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _run(self) -> None:
        """Publish until all has been published or the broadcast goes on in another connection."""
        try:
            while True:
                if await self._publish_while_reachable():
                    return
                await asyncio.sleep(RETRY_S)
        except Replaced as error:
            log.info("the broadcast is not published any more: %s", error.message)

    async def _publish_while_reachable(self) -> bool:
        """Whether all has been published; no: the hub has been lost."""
        try:
            self._connection = await self._hub.open(self.broadcast_id, self._limits, self._resumed)
            self._resumed, self._known = None, -1
            self._opened.set()
            attending = asyncio.create_task(self._attend_for_ever())
            try:
                await self._publish_all(attending)
                await self._hub.close(self.broadcast_id, self._connection, over=self._over)
            finally:
                attending.cancel()
                await asyncio.gather(attending, return_exceptions=True)
        except (ProviderUnavailable, UnknownBroadcast) as error:
            log.warning("the hub of the broadcasts was lost: %s", error.message)
            return False
        return True

    async def _publish_all(self, attending: "asyncio.Task[NoReturn]") -> None:
        """Publish until the mailbox is closed; raises what ``attending`` raises."""
        while True:
            taking = asyncio.create_task(self._mailbox.take())
            try:
                await asyncio.wait((taking, attending), return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not taking.done():
                    taking.cancel()
            if attending.done():
                attending.result()
            letters = await taking
            if not letters:
                return
            await self._hub.publish(self.broadcast_id, self._connection, [each.event for each in letters])

    async def _attend_for_ever(self) -> NoReturn:
        await self._ready.wait()  # which is what clients expect first
        while True:
            wanted = await self._hub.wanted(self.broadcast_id, self._connection, self._known)
            if wanted.version != self._known:
                await self._tell_session(wanted)

    async def _tell_session(self, wanted: WantedLanguages) -> None:
        self._known = wanted.version
        await self._attend(wanted.voiced, wanted.listeners)
