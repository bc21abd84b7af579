"""pipecat-ai: a text to speech."""

import asyncio
import sys
from pathlib import Path

from pipecat.frames.frames import EndFrame, ErrorFrame, Frame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.workers.runner import WorkerRunner


class Collector(FrameProcessor):
    """Keeps the audio."""

    def __init__(self) -> None:
        super().__init__()
        self.pcm = b""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self.pcm += frame.audio
        await self.push_frame(frame, direction)


async def main(text: str, voice: str) -> None:
    collector = Collector()
    speech = OpenAITTSService(settings=OpenAITTSService.Settings(voice="nova"))
    worker = PipelineWorker(
        Pipeline([speech, collector]), params=PipelineParams(audio_out_sample_rate=24_000)
    )

    @worker.event_handler("on_pipeline_started")
    async def on_pipeline_started(worker: PipelineWorker, frame: Frame) -> None:
        await worker.queue_frames([TTSSpeakFrame(text), EndFrame()])

    @worker.event_handler("on_pipeline_error")
    async def on_pipeline_error(worker: PipelineWorker, frame: ErrorFrame) -> None:
        print("error:", frame.error)

    runner = WorkerRunner()
    await runner.add_workers(worker)
    await runner.run()
    Path(voice).write_bytes(collector.pcm)  # raw PCM of 24 kHz


asyncio.run(main(*sys.argv[1:]))
