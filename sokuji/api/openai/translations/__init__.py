"""``/v1/realtime/translations``: live translation as OpenAI's Realtime Translation API has it."""
