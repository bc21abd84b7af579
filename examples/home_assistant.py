"""Home Assistant understands other languages: speech to text that returns what was said in its language.

    python examples/home_assistant.py --from pt --to en --port 10300

In Home Assistant add the integration "Wyoming Protocol" with the address of this program, and choose it as
the speech-to-text of an assistant whose language is that of ``--to``: who says "acende a luz" has said "turn
on the light". Needs ``pip install sokuji-bridge wyoming``. For recognition and voices without a translation
see wyoming-openai in docs/clients.md.
"""

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial

from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioChunkConverter, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info
from wyoming.server import AsyncEventHandler, AsyncTcpServer

from sokuji import __version__
from sokuji.client import Config, connect
from sokuji.errors import SokujiError
from sokuji.events import TranslationText


def described(target: str) -> Info:
    """What Home Assistant is told: speech becomes text in ``target``."""
    name, origin, description = "sokuji-bridge", Attribution("Sokuji Bridge", ""), "Translated speech"
    model = AsrModel(name, origin, True, description, __version__, languages=[target])
    return Info(asr=[AsrProgram(name, origin, True, description, __version__, models=[model])])


class Interpreter(AsyncEventHandler):
    """One connection of Home Assistant, which sends one command in it."""

    def __init__(
        self, args: argparse.Namespace, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(reader, writer)
        self.args = args
        self.converter = AudioChunkConverter(rate=16_000, width=2, channels=1)
        self.heard: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.translation: asyncio.Task[Event] | None = None

    async def handle_event(self, event: Event) -> bool:
        """Answer an event; False: the connection ends."""
        if Describe.is_type(event.type):
            await self.write_event(described(self.args.target).event())
        elif AudioStart.is_type(event.type) and self.translation is None:
            self.translation = asyncio.create_task(self.translate())
        elif AudioChunk.is_type(event.type):
            self.heard.put_nowait(self.converter.convert(AudioChunk.from_event(event)).audio)
        elif AudioStop.is_type(event.type) and self.translation is not None:
            self.heard.put_nowait(None)
            await self.write_event(await self.translation)
            return False
        return True

    async def disconnect(self) -> None:
        """Stop what is no longer wanted."""
        if self.translation is not None:
            self.translation.cancel()

    async def frames(self) -> AsyncIterator[bytes]:
        """What is said, while it is said."""
        while (pcm := await self.heard.get()) is not None:
            yield pcm

    async def translate(self) -> Event:
        """The answer to a command: its translation, or the error."""
        config = Config(source_language=self.args.source, target_language=self.args.target, output="captions")
        try:
            async with connect(self.args.url, config) as conversation:
                events = [event async for event in conversation.converse(self.frames())]
        except SokujiError as error:
            return Error(str(error), error.code).event()
        texts = [event.text for event in events if isinstance(event, TranslationText) and event.text]
        print(" ".join(texts), flush=True)
        return Transcript(" ".join(texts), language=self.args.target).event()


def main() -> None:
    """Read the arguments, and serve Home Assistant until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--from", dest="source", default="auto", help="language spoken; auto detects it")
    parser.add_argument("--to", dest="target", default="en", help="language of the assistant")
    parser.add_argument("--host", default="127.0.0.1", help="to listen on; 0.0.0.0: for other machines too")
    parser.add_argument("--port", type=int, default=10300)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the service")
    args = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(AsyncTcpServer(args.host, args.port).run(partial(Interpreter, args)))


if __name__ == "__main__":
    main()
