"""An interpreter on the telephone: translates a call between two languages, over Twilio's media streams.

    python examples/phone_call.py --languages pt en --port 8765

Have Twilio connect the call to it with TwiML, by TLS (a tunnel or a proxy in front of this program):

    <Response><Connect><Stream url="wss://calls.example.com/"/></Connect></Response>

Two people share the telephone, each speaks one of the languages, and the line says it in the other; ``*``
stops the voice. The audio is G.711 (mu-law, 8 kHz) both ways. The program serves whoever reaches it: let what
is in front of it check Twilio's signature. Needs ``pip install "sokuji-bridge[engine]"``.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from sokuji.audio import g711
from sokuji.client import Config, TranslationClient, connect
from sokuji.errors import SokujiError
from sokuji.events import Audio, Failed, Transcription, TranslationText


async def caller(
    twilio: ServerConnection, stream: str, conversation: TranslationClient
) -> AsyncIterator[bytes]:
    """What is said on the line, as PCM, until the call is over."""
    async for text in twilio:
        match json.loads(text):
            case {"event": "media", "media": {"payload": payload}}:
                yield g711.decode(base64.b64decode(payload), "mulaw")
            case {"event": "dtmf", "dtmf": {"digit": "*"}}:
                await conversation.cancel()
                await send(twilio, stream, event="clear")
            case {"event": "mark", "mark": {"name": name}}:
                print(f"heard: {name}", flush=True)
            case {"event": "stop"}:
                return


async def send(twilio: ServerConnection, stream: str, **message: Any) -> None:
    """Send one of Twilio's messages."""
    await twilio.send(json.dumps({"streamSid": stream, **message}))


async def interpret(twilio: ServerConnection, args: argparse.Namespace) -> None:
    """Serve one call."""
    start = json.loads(await twilio.recv())
    while start["event"] != "start":
        start = json.loads(await twilio.recv())
    stream = start["streamSid"]
    config = Config(
        both_ways=True,
        source_languages=tuple(args.languages),
        sample_rate=g711.G711_RATE,
        output_sample_rate=g711.G711_RATE,
    )
    async with connect(args.url, config) as conversation:
        async for event in conversation.converse(caller(twilio, stream, conversation)):
            match event:
                case Transcription(text=text, language=language):
                    print(f"{language}: {text}", flush=True)
                case TranslationText(text=text, target_language=language) if text:
                    print(f"    -> {language}: {text}", flush=True)
                case Audio(pcm=pcm, segment_id=segment, clause=clause, last=last):
                    payload = base64.b64encode(g711.encode(pcm, "mulaw")).decode()
                    await send(twilio, stream, event="media", media={"payload": payload})
                    if last:  # Twilio sends it back when this has been played.
                        await send(twilio, stream, event="mark", mark={"name": f"{segment}.{clause}"})
                case Failed(error=error):
                    print(f"error: {error}", file=sys.stderr)


async def main() -> None:
    """Read the arguments, and serve calls until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--languages", nargs=2, default=("pt", "en"), help="of the two people")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the service")
    args = parser.parse_args()

    async def call(twilio: ServerConnection) -> None:
        try:
            with contextlib.suppress(ConnectionClosed):
                await interpret(twilio, args)
            print("the call is over", flush=True)
        except SokujiError as error:
            print(f"error: {error}", file=sys.stderr)
            await twilio.close(1011)

    async with serve(call, "127.0.0.1", args.port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
