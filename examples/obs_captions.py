"""Translated captions in OBS Studio: writes them into a text source, over OBS's own WebSocket.

    arecord -q -t raw -f S16_LE -r 16000 -c 1 | python examples/obs_captions.py --from pt --to en

Standard input is PCM, 16 kHz, 16 bit, mono, at the pace of speech; of a stream it is made by
``ffmpeg -re -i URL -f s16le -ar 16000 -ac 1 -``. In OBS make a text source called "Captions", and turn the
WebSocket server on (Tools, WebSocket Server Settings); its password is read from the environment variable
OBS_PASSWORD. Needs ``pip install sokuji-bridge simpleobsws``.
"""

import argparse
import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator

from simpleobsws import MessageTimeout, NotIdentifiedError, Request, WebSocketClient

from sokuji.client import Config, connect
from sokuji.errors import SokujiError
from sokuji.events import Failed, TranslationText

FRAME_BYTES = 3_200
"""100 ms."""


async def standard_input() -> AsyncIterator[bytes]:
    """The audio, as it comes."""
    while pcm := await asyncio.to_thread(sys.stdin.buffer.read, FRAME_BYTES):
        yield pcm


async def show(obs: WebSocketClient, name: str, text: str) -> None:
    """Have OBS show a text; it says what is wrong if it does not."""
    settings = {"inputName": name, "inputSettings": {"text": text}, "overlay": True}
    answer = await obs.call(Request("SetInputSettings", settings))
    if not answer.ok():
        sys.exit(f"error: OBS: {answer.requestStatus.comment}")


async def caption(args: argparse.Namespace) -> None:
    """Show the last translations, and nothing when the speech is over."""
    obs = WebSocketClient(args.obs_url, os.environ.get("OBS_PASSWORD", ""))
    await obs.connect()
    if not await obs.wait_until_identified(timeout=3):
        sys.exit("error: OBS did not accept the password in OBS_PASSWORD")
    lines: deque[str] = deque(maxlen=args.lines)
    config = Config(source_language=args.source, target_language=args.target, output="captions")
    async with connect(args.url, config) as conversation:
        async for event in conversation.converse(standard_input()):
            match event:
                case TranslationText(text=text) if text:
                    lines.append(text)
                    print(text, flush=True)
                    await show(obs, args.source_name, "\n".join(lines))
                case Failed(error=error):
                    print(f"error: {error}", file=sys.stderr)
    await show(obs, args.source_name, "")
    await obs.disconnect()


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--from", dest="source", default="auto", help="language spoken; auto detects it")
    parser.add_argument("--to", dest="target", default="en", help="language of the captions")
    parser.add_argument("--source-name", default="Captions", help="the text source in OBS")
    parser.add_argument("--lines", type=int, default=2, help="how many captions are shown")
    parser.add_argument("--obs-url", default="ws://127.0.0.1:4455")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the service")
    try:
        asyncio.run(caption(parser.parse_args()))
    except (OSError, MessageTimeout, NotIdentifiedError, SokujiError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
