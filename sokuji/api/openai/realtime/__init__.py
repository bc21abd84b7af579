"""`/v1/realtime`: transcription and interpretation over OpenAI's Realtime protocol, in both dialects."""
