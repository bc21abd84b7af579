"""OpenAI's REST calls for audio: models, transcriptions, translations, speech (``/v1``)."""
