"""Translates a recording over gRPC, without the SDK: captions in the terminal, the voice as a WAV file.

    SOKUJI_GRPC_ADDRESS=127.0.0.1:50051 make run
    python examples/grpc_session.py talk.wav --from pt --to en

The recording is a WAV file with 16-bit samples, 8 to 48 kHz. The messages (``sokuji/proto``) come with
``pip install sokuji-bridge[grpc]``; programs in other languages generate their own from the ``.proto`` files.
"""

import argparse
import asyncio
import os
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import grpc

from sokuji.proto.common_pb2 import Empty
from sokuji.proto.pipeline_pb2 import Config, ConverseEvent, ConverseRequest

CONVERSE = "/sokuji.pipeline.PipelineService/Converse"
VOICE_RATE = 24_000


async def requests(recording: wave.Wave_read, args: argparse.Namespace) -> AsyncIterator[ConverseRequest]:
    """The settings of the session, the recording in pieces of 100 ms, and its end."""
    yield ConverseRequest(
        config=Config(
            source_language=args.source,
            target_language=args.target,
            sample_rate=recording.getframerate(),
            channels=recording.getnchannels(),
            output_sample_rate=VOICE_RATE,
        )
    )
    while pcm := recording.readframes(recording.getframerate() // 10):
        yield ConverseRequest(audio=pcm)
    yield ConverseRequest(end=Empty())


async def interpret(args: argparse.Namespace, recording: wave.Wave_read) -> bytes:
    """Print what is said, and what it means; returns the voice."""
    key = os.environ.get("SOKUJI_API_KEY")
    voice = bytearray()
    async with grpc.aio.insecure_channel(args.grpc) as channel:
        converse = channel.stream_stream(
            CONVERSE,
            request_serializer=ConverseRequest.SerializeToString,
            response_deserializer=ConverseEvent.FromString,
        )
        metadata = (("authorization", f"Bearer {key}"),) if key else ()
        async for event in converse(requests(recording, args), metadata=metadata):
            match event.WhichOneof("event"):
                case "transcription" if event.transcription.is_final:
                    print(f"{event.transcription.language}: {event.transcription.text}", flush=True)
                case "translation" if event.translation.text:
                    print(f"    -> {event.translation.text}", flush=True)
                case "audio":
                    voice += event.audio.pcm
                case "error":
                    print(f"error: {event.error.message}", file=sys.stderr)
    return bytes(voice)


def main() -> None:
    """Read the arguments, and write the voice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recording", type=Path, help="a WAV file")
    parser.add_argument("--from", dest="source", default="auto", help="language spoken")
    parser.add_argument("--to", dest="target", default="en", help="language to translate to")
    parser.add_argument("--output", type=Path, default="voice.wav", help="for the voice")
    parser.add_argument("--grpc", default="127.0.0.1:50051", help="address of the service's gRPC")
    args = parser.parse_args()
    try:
        with wave.open(str(args.recording)) as recording:
            voice = asyncio.run(interpret(args, recording))
    except grpc.aio.AioRpcError as error:
        sys.exit(f"error: {error.details()}")
    except (OSError, wave.Error) as error:
        sys.exit(f"error: {error}")
    with wave.open(str(args.output), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(VOICE_RATE)
        file.writeframes(voice)


if __name__ == "__main__":
    main()
