"""openai for Python: a recording to text and subtitles, and a text to speech that streams."""

import json
import sys
from pathlib import Path

from openai import OpenAI

recording, voice = map(Path, sys.argv[1:])  # a file to read, a file to write
client = OpenAI()  # reads OPENAI_BASE_URL and OPENAI_API_KEY

transcript = client.audio.transcriptions.create(model="whisper-1", file=recording)
print("transcript:", transcript.text)

subtitles = client.audio.transcriptions.create(model="whisper-1", file=recording, response_format="srt")
print("subtitles:", json.dumps(subtitles))

with client.audio.speech.with_streaming_response.create(
    model="tts-1", voice="alloy", input=transcript.text, response_format="wav"
) as speech:
    speech.stream_to_file(voice)
