"""The calls about the service itself: health, metrics, capabilities, documentation and pages."""

import re
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sokuji import __version__
from sokuji.api.service import Service
from sokuji.config import AdmissionSettings, GatewaySettings
from sokuji.contract import WorkerReport
from sokuji.errors import Overloaded, ProviderUnavailable
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from tests.support.fake_stages import FakeStt
from tests.support.rest_client import client_of, error_of, rest_client


async def test_languages_voices_providers_and_limits_are_listed() -> None:
    async with rest_client() as (client, _):
        assert (await client.get("/api/v1/stt/languages")).json() == {"languages": ["en", "es", "fr", "pt"]}
        assert (await client.get("/api/v1/translation/languages")).json() == {
            "languages": ["en", "pt"],
            "supports_batch": True,
            "supports_streaming": False,
            "pairs": [["en", "pt"], ["pt", "en"]],
        }
        voices = (await client.get("/api/v1/tts/voices")).json()["voices"]
        info = (await client.get("/api/v1/info")).json()
    assert voices[1] == {
        "id": "dora",
        "name": "Dora",
        "language": "pt-BR",
        "supported_languages": ["pt", "es"],
        "gender": "female",
    }
    assert info["voices"] == voices
    well = {"state": "ready", "circuit": "closed"}
    assert info["providers"]["stt"] == [{"provider": "fake", "model": "ear"} | well]
    assert ["fr", "pt"] in info["speech_pairs"]
    assert ["fr", "pt"] not in info["text_pairs"]
    assert info["languages"]["pt"] == "Portuguese"
    assert info["limits"]["max_audio_s"] == 600
    assert info["streaming"]["commit"] == "auto"


async def test_health_names_the_stage_that_fails_without_calling_it() -> None:
    stt = FakeStt()
    async with rest_client(stt) as (client, service):
        assert (await client.get("/health")).json()["status"] == "healthy"
        stt.down = ProviderUnavailable("gone")
        await service.pipeline.refresh()
        # A busy stage may miss one.
        assert (await client.get("/health")).json()["status"] == "healthy"
        for _ in range(2):
            await service.pipeline.refresh()
        response = await client.get("/health")
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "degraded"
    assert body["services"] == {"stt": "error", "translation": "ready", "tts": "ready"}
    assert stt.requests == []


async def test_languages_of_unusable_quality_are_named() -> None:
    stt = FakeStt()
    stt.info = replace(stt.info, unusable_languages=("fr",))
    async with rest_client(stt) as (client, _):
        body = (await client.get("/api/v1/info")).json()
    assert body["unusable_languages"] == ["fr"]


async def test_metrics_count_the_calls_of_the_stages() -> None:
    def answered(text: str) -> float:
        found = text_string_to_metric_families(text)
        samples = [each for family in found for each in family.samples]
        return sum(
            sample.value
            for sample in samples
            if sample.name == "sokuji_stage_seconds_count" and sample.labels["stage"] == "tts"
        )

    async with rest_client() as (client, _):
        before = await client.get("/metrics")
        spoken = await client.post("/api/v1/tts/synthesize", json={"text": "Hello.", "language": "en"})
        after = await client.get("/metrics")
    assert spoken.status_code == 200
    assert before.headers["content-type"].startswith("text/plain")
    assert answered(after.text) == answered(before.text) + 1


async def test_health_and_metrics_show_the_room_for_sessions_and_what_was_refused() -> None:
    stt = FakeStt(workers=WorkerReport(replica="a", workers=2, busy=0.3))
    async with rest_client(stt) as (client, service):
        session = service.new_session()
        before = (await client.get("/health")).json()["admission"]
        service.admission.settings = AdmissionSettings(enabled=True, max_load=0.1)
        with pytest.raises(Overloaded):
            service.new_session()
        after = (await client.get("/health")).json()["admission"]
        families = text_string_to_metric_families((await client.get("/metrics")).text)
    assert (before["sessions"], before["refused"]) == (1, {})
    assert 0 < before["load"]["stt"] < 1 < after["load"]["stt"]
    assert before["capacity"] > after["capacity"] == 1
    samples = {
        (each.name, *sorted(each.labels.values())): each.value for found in families for each in found.samples
    }
    assert samples["sokuji_sessions_refused_total", "busy"] == after["refused"]["busy"] == 1
    assert (samples["sokuji_sessions",], samples["sokuji_session_capacity",]) == (1, 1)
    assert samples["sokuji_provider_busy_workers", "fake", "stt"] == pytest.approx(0.3, abs=0.01)
    assert samples["sokuji_provider_reserved_workers", "fake", "stt"] > 0
    del session


async def test_calls_before_the_stages_are_ready_are_refused_with_retry_after() -> None:
    starting = Service(Pipeline(StageProviders([], [], []), GatewaySettings().deadlines), GatewaySettings())
    async with client_of(starting) as client:
        response = await client.get("/api/v1/info")
        assert (await client.get("/health")).json()["status"] == "degraded"
    assert error_of(response) == (503, "overloaded", None)
    assert response.headers["retry-after"] == "5"


async def test_every_call_of_the_contract_is_documented_with_its_failures() -> None:
    async with rest_client() as (client, _):
        document = (await client.get("/openapi.json")).json()
    calls = {
        (method, path)
        for path, item in document["paths"].items()
        for method, call in item.items()
        if not path.startswith("/v1/") and "LibreTranslate" not in call.get("tags", ())
    }
    assert calls == {
        ("get", "/"),
        ("get", "/health"),
        ("get", "/health/live"),
        ("get", "/health/ready"),
        ("get", "/metrics"),
        ("get", "/api/v1/info"),
        ("post", "/api/v1/stt/transcribe"),
        ("get", "/api/v1/stt/languages"),
        ("post", "/api/v1/translation/translate"),
        ("get", "/api/v1/translation/languages"),
        ("post", "/api/v1/tts/synthesize"),
        ("get", "/api/v1/tts/voices"),
        ("post", "/api/v1/pipeline/translate-text"),
        ("post", "/api/v1/pipeline/translate-audio"),
    }
    failures = document["paths"]["/api/v1/tts/synthesize"]["post"]["responses"]
    shape = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
    assert {status for status in failures if failures[status].get("content") == shape} == {
        *("400", "401", "403", "408", "413", "422", "429", "500", "502", "503", "504"),
    }


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/"])
async def test_pages_load_nothing_from_other_hosts(page: str) -> None:
    async with rest_client() as (client, _):
        response = await client.get(page, headers={"Accept": "text/html,*/*;q=0.8"})
        assets = re.findall(r'(?:src|href|spec-url)="([^"]+)"', response.text)
        for asset in assets:
            assert asset == "data:," or (await client.get(asset)).status_code == 200
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "//" not in policy + "".join(assets)


async def test_a_client_that_is_no_browser_gets_json_at_the_root() -> None:
    async with rest_client() as (client, _):
        response = await client.get("/", headers={"Accept": "*/*"})
    assert response.json() == {"message": "Sokuji Bridge", "version": __version__, "docs": "/docs"}
