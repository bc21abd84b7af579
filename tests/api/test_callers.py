"""REST calls, whatever their door: they give way to live speech, and each is a caller of its own."""

import httpx

from sokuji.api.service import Service
from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.contract import StageRequest
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.rest_client import rest_client
from tests.support.speech import sample

JSON_CALLS = {
    "/api/v1/translation/translate": {"text": "olá", "source_language": "pt", "target_language": "en"},
    "/api/v1/pipeline/translate-text": {"text": "olá", "source_language": "pt", "target_language": "en"},
    "/api/v1/tts/synthesize": {"text": "hello", "language": "en"},
    "/v1/audio/speech": {"input": "hello", "model": "tts-1", "voice": "alloy"},
}
FORM_CALLS = {
    "/api/v1/stt/transcribe": ("audio_file", {"language": "pt"}),
    "/api/v1/pipeline/translate-audio": ("audio_file", {"source_language": "pt", "target_language": "en"}),
    "/v1/audio/transcriptions": ("file", {"model": "whisper-1", "language": "pt"}),
}


async def test_no_rest_call_is_as_urgent_as_live_speech_or_shares_a_turn_with_another() -> None:
    stt, translator, tts = FakeStt(), FakeTranslator(), FakeTts()
    seen: set[str] = set()
    async with rest_client(stt, translator, tts) as (client, service):
        for path in (*JSON_CALLS, *FORM_CALLS):
            await _call(client, path)
            requests: list[StageRequest] = [*stt.requests, *translator.requests, *tts.requests]
            assert requests, path
            assert not any(request.urgent for request in requests), path
            callers = {request.caller for request in requests}
            assert "" not in callers
            assert callers.isdisjoint(seen), path
            seen |= callers
            for stage in (stt, translator, tts):
                stage.forget()
        assert _work_counted(service) == 0


async def _call(client: httpx.AsyncClient, path: str) -> None:
    if path in JSON_CALLS:
        response = await client.post(path, json=JSON_CALLS[path])
    else:
        field, data = FORM_CALLS[path]
        recording = wav_bytes(sample("pt", "ola_mundo"), RECOGNISER_RATE)
        response = await client.post(path, data=data, files={field: ("speech.wav", recording)})
    assert response.status_code == 200, (path, response.text)


def _work_counted(service: Service) -> float:
    return sum(load.work_s for load in service.pipeline.loads)
