"""The queue between a client's socket and its session: in order, and bounded in memory and on disk.

Small messages of audio that wait are gathered to pieces: a session that is late processes several at once.
Audio that finds no room in memory waits in a temporary file, so that a door can read its socket at once,
however far ahead a client is. It should: some proxies buffer without limit what is not read; and a server
whose pings are answered only behind megabytes of audio closes the socket after 20 s.
"""

import asyncio
import logging

from sokuji.errors import Overloaded
from sokuji.session.conversation import Command, ConversationSettings
from sokuji.session.spool import PIECE_BYTES, AudioSpool, SpoolBudget, SpooledPiece

log = logging.getLogger(__name__)

MAX_MEMORY_BYTES = 2**20
"""Audio of one session that waits in memory."""
MAX_COMMANDS = 20_000
"""Commands and settings of one session that wait."""
MAX_SETTINGS = 100
"""Settings of one session that wait: each may have a glossary as large as a message may be."""
MAX_MEMORY_MESSAGES = 10_000
"""Messages of any kind that wait while audio is still kept in memory."""


_Piece = bytearray | SpooledPiece
"""Audio that waits, in memory or on disk; it grows until it has ``PIECE_BYTES`` or is taken."""


class InputQueue:
    """Messages of one client, oldest first; ``close`` it last.

    Args:
        max_spooled_bytes: size of the temporary file above which ``until_room`` waits.
        budget: of the temporary files of all queues. While it is exceeded, ``until_room`` waits for every
            queue whose file grows.
    """

    def __init__(self, max_spooled_bytes: int, budget: SpoolBudget) -> None:
        self._max_spooled_bytes = max_spooled_bytes
        self._budget = budget
        self._messages: asyncio.Queue[_Piece | ConversationSettings | Command] = asyncio.Queue()
        self._newest: _Piece | None = None
        """The last message, if that is audio that waits."""
        self._memory_bytes = 0
        self._commands = 0
        """Commands and settings that wait."""
        self._settings = 0
        """The settings among them."""
        self._spool = AudioSpool(budget)
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    @property
    def is_empty(self) -> bool:
        """Whether no message waits."""
        return self._messages.empty()

    @property
    def has_room(self) -> bool:
        """Whether ``until_room`` would return at once."""
        return self._room.is_set()

    async def until_room(self) -> None:
        """Wait while the temporary file, or those of all queues, are too large; it is empty then."""
        await self._room.wait()

    def put(self, message: ConversationSettings | Command) -> None:
        """Add settings or a command.

        Raises:
            Overloaded: too many of them wait.
        """
        if self._commands >= MAX_COMMANDS:
            raise Overloaded(f"more than {MAX_COMMANDS} commands and settings wait; send them as they apply")
        if isinstance(message, ConversationSettings):
            if self._settings >= MAX_SETTINGS:
                raise Overloaded(f"more than {MAX_SETTINGS} configs wait; send the next one after a ready")
            self._settings += 1
        self.force(message)

    def force(self, message: ConversationSettings | Command) -> None:
        """Add what is never refused."""
        self._newest = None
        self._commands += 1
        self._messages.put_nowait(message)

    def put_audio(self, pcm: bytes, *, joined: bool = True) -> None:
        """Add audio; after ``close`` it is dropped.

        Args:
            joined: whether it may become one piece with audio that waits in memory already.

        Raises:
            Overloaded: the disk on which it would have to wait is full.
        """
        if self._closed:
            return
        newest, fits = self._newest, self._memory_bytes + len(pcm) <= MAX_MEMORY_BYTES
        piece: _Piece
        if isinstance(newest, SpooledPiece) or not fits or self._messages.qsize() >= MAX_MEMORY_MESSAGES:
            piece = self._store(pcm, newest if isinstance(newest, SpooledPiece) else None)
        else:
            joins = joined and newest is not None and len(newest) < PIECE_BYTES
            piece = newest if newest is not None and joins else bytearray()
            piece += pcm
            self._memory_bytes += len(pcm)
        if piece is not newest:
            self._newest = piece
            self._messages.put_nowait(piece)

    def _store(self, pcm: bytes, newest: SpooledPiece | None) -> SpooledPiece:
        try:
            piece = self._spool.store(pcm, newest)
        except OSError as error:
            log.warning("audio cannot wait on disk: %s", error)
            raise Overloaded("no room is left for audio that waits; send it at the pace of speech") from error
        if self._spool.size > self._max_spooled_bytes or self._budget.is_exceeded:
            self._room.clear()
        return piece

    async def get(self) -> bytes | ConversationSettings | Command:
        """The oldest message; waits until there is one."""
        message = await self._messages.get()
        if message is self._newest:
            self._newest = None
        if isinstance(message, bytearray):
            self._memory_bytes -= len(message)
            return bytes(message)
        if not isinstance(message, SpooledPiece):
            self._commands -= 1
            self._settings -= isinstance(message, ConversationSettings)
            return message
        pcm = self._spool.load(message)
        if not self._spool.size:
            self._room.set()
        return pcm

    def close(self) -> None:
        """Free the temporary file, and let a client go on that is held back: nothing is received any more."""
        self._closed = True
        self._spool.close()
        self._room.set()
