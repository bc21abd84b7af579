"""Talks to a LiveKit agent without a LiveKit server, by TCP in place of a room, as ``lk agent console`` does.

    livekit_console.py RECORDING VOICE COMMAND...

``COMMAND`` starts the agent and is given the address. The recording is a WAV file of 48 kHz, 16 bit, mono;
what the agent says until it first falls silent is written as one.
"""

import asyncio
import struct
import sys
import wave

from livekit.protocol.agent_pb import agent_session

RATE = 48_000
FRAMES = RATE // 50
Message = agent_session.AgentSessionMessage


class Console:
    """One agent's connection: messages behind their length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.listens = asyncio.Event()
        self.voice = b""

    def send(self, message: Message) -> None:
        data = message.SerializeToString()
        self.writer.write(struct.pack(">I", len(data)) + data)

    async def speak(self, recording: wave.Wave_read) -> None:
        """The recording, then silence, at the pace of speech once the agent listens."""
        await self.listens.wait()
        while True:
            pcm = recording.readframes(FRAMES) or bytes(2 * FRAMES)
            frame = Message.ConsoleIO.AudioFrame(
                data=pcm, sample_rate=RATE, num_channels=1, samples_per_channel=len(pcm) // 2
            )
            self.send(Message(audio_input=frame))
            await asyncio.sleep(FRAMES / RATE)

    async def hear(self) -> None:
        """What the agent says, until it has said something."""
        while True:
            (length,) = struct.unpack(">I", await self.reader.readexactly(4))
            message = Message.FromString(await self.reader.readexactly(length))
            match message.WhichOneof("message"):
                case "event" if message.event.WhichOneof("event") == "agent_state_changed":
                    self.listens.set()
                case "audio_output":
                    self.voice += message.audio_output.data
                case "audio_playback_flush":
                    self.send(Message(audio_playback_finished=Message.ConsoleIO.AudioPlaybackFinished()))
                    if self.voice:
                        return


async def main(recording: str, voice: str, *command: str) -> None:
    connected = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda *streams: connected.set_result(streams), "127.0.0.1", 0)
    (address,) = {socket.getsockname() for socket in server.sockets}
    agent = await asyncio.create_subprocess_exec(*command, "{}:{}".format(*address))
    try:
        console = Console(*await asyncio.wait_for(connected, 60))
        with wave.open(recording) as said:
            speaking = asyncio.create_task(console.speak(said))
            await asyncio.wait_for(console.hear(), 60)
            speaking.cancel()
    finally:
        agent.terminate()
        await agent.wait()
    with wave.open(voice, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(console.voice)


asyncio.run(main(*sys.argv[1:]))
