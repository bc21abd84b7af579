"""pipecat-ai: recognition over /v1/realtime, with Pipecat's voice activity detection or the service's."""

import asyncio
import os
import sys
import wave

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import EndFrame, ErrorFrame, Frame, InputAudioRawFrame, TranscriptionFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.workers.runner import WorkerRunner

RATE, FRAMES = 16_000, 320  # 20 ms


class Printer(FrameProcessor):
    """Prints transcripts."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            print("transcript:", frame.text)
            self.heard.set()
        await self.push_frame(frame, direction)


async def main(recording: str, vad: str) -> None:
    url = os.environ["OPENAI_BASE_URL"].replace("http", "ws", 1) + "/realtime"
    key, printer, started = os.environ["OPENAI_API_KEY"], Printer(), asyncio.Event()
    if vad == "local":
        recogniser = OpenAIRealtimeSTTService(api_key=key, base_url=url)
        pipeline = Pipeline([VADProcessor(vad_analyzer=SileroVADAnalyzer()), recogniser, printer])
    else:
        settings = OpenAIRealtimeSTTService.Settings(model="gpt-4o-transcribe")
        recogniser = OpenAIRealtimeSTTService(
            api_key=key, base_url=url, turn_detection=None, settings=settings
        )
        pipeline = Pipeline([recogniser, printer])
    worker = PipelineWorker(pipeline, params=PipelineParams(audio_in_sample_rate=RATE))

    @worker.event_handler("on_pipeline_started")
    async def on_pipeline_started(worker: PipelineWorker, frame: Frame) -> None:
        started.set()

    @worker.event_handler("on_pipeline_error")
    async def on_pipeline_error(worker: PipelineWorker, frame: ErrorFrame) -> None:
        print("error:", frame.error)

    async def speak() -> None:
        await started.wait()
        with wave.open(recording) as file:  # 16 kHz, 16 bit, mono
            while pcm := file.readframes(FRAMES):
                await worker.queue_frame(InputAudioRawFrame(pcm, RATE, 1))
                await asyncio.sleep(FRAMES / RATE)
        await asyncio.wait_for(printer.heard.wait(), 30)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner()
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), speak())


asyncio.run(main(*sys.argv[1:]))
