"""WhisperLiveKit and a client of its WebSocket protocol.

The protocol (``QuentinFuxa/WhisperLiveKit``, ``docs/API.md`` and ``whisperlivekit/basic_server.py``): the
language is in the address; the server greets with ``config``, and takes PCM from then on. Each of its
messages has the whole transcript: ``lines``, whose words two hypotheses in a row agreed on and which stay,
and ``buffer_transcription``, which may change. An empty message ends the audio.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection

from load_tests.measurements.word_errors import words
from load_tests.peers.growing_transcript import GrowingTranscript
from load_tests.peers.server_process import HOST, peer_process, versions
from load_tests.peers.streaming_socket import converse, received
from load_tests.peers.system import PeerFailed, PeerSession
from load_tests.scenarios.sessions import SpokenUntil

PACKAGE = "whisperlivekit"


class TranscriptMessages:
    """Its messages in one session, each with the whole transcript."""

    name = "WhisperLiveKit"
    end_of_audio = b""

    def __init__(self, language: str) -> None:
        self._language = language

    async def open(self, socket: ClientConnection) -> None:
        """Wait for the greeting."""
        greeting = await received(socket, self.name)
        if greeting.get("type") != "config":
            raise PeerFailed(f"WhisperLiveKit refuses: {greeting.get('error', 'it gives no reason')}")

    def note(self, message: Mapping[str, Any], transcript: GrowingTranscript, at: float) -> None:
        """Take over the transcript of a message, if it has one."""
        if "lines" not in message:
            return
        try:
            final = words(" ".join(line["text"] for line in message["lines"]), self._language)
            tail = words(message["buffer_transcription"], self._language)
        except (TypeError, KeyError):
            raise PeerFailed("no transcript of WhisperLiveKit") from None
        transcript.note(final[transcript.final_count :], tail, at)


@dataclass(frozen=True, slots=True)
class WhisperLiveKit:
    """The server with the embedded model, which its LocalAgreement policy can use."""

    model: Path
    language: str

    @property
    def name(self) -> str:
        """One setting, one name."""
        return "whisperlivekit"

    @property
    def settings(self) -> dict[str, str]:
        """Versions and settings."""
        return {
            **versions(PACKAGE, PACKAGE, "faster-whisper", "ctranslate2", "torch"),
            "policy": "localagreement with faster-whisper",
            "compute_type": "auto, its default: int8 on a CPU",
            "beam_size": "5, its default, which cannot be changed",
            "cpu_threads": "its default",
        }

    @asynccontextmanager
    async def served(self, port: int) -> AsyncIterator[None]:
        """Run the server, without the recording that it would download to warm up with."""
        arguments = {
            "--host": HOST,
            "--port": str(port),
            "--backend-policy": "localagreement",
            "--backend": "faster-whisper",
            "--model_dir": str(self.model),
            "--language": self.language,
            "--warmup-file": "",
        }
        command = ["-m", "whisperlivekit.basic_server", "--pcm-input"]
        command += [part for option in arguments.items() for part in option]
        async with peer_process(self.name, PACKAGE, command, port):
            yield

    async def transcribe(self, port: int, session: PeerSession, spoken_until: SpokenUntil) -> None:
        """One connection."""
        language = session.speech.language
        url = f"ws://{HOST}:{port}/asr?language={language}"
        await converse(url, TranscriptMessages(language), session, spoken_until)
