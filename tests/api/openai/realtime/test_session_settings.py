"""What the configuration of a client means for the session of the service."""

from typing import Any

import pytest

from sokuji.api.openai.realtime.session_config import SessionConfig
from sokuji.api.openai.realtime.session_settings import conversation_settings
from sokuji.api.service import Service
from sokuji.audio.noise_suppression import NoiseSuppression
from sokuji.config import GatewaySettings
from sokuji.session.conversation import ConversationSettings
from tests.support.fake_stages import FakeStt, ready_pipeline


async def settings(input_: dict[str, Any], *, context: bool = True, **session: Any) -> ConversationSettings:
    stt = FakeStt()
    object.__setattr__(stt.info, "takes_context", context)
    service = Service(await ready_pipeline(stt), GatewaySettings())
    patch = {"type": "realtime", **session, "audio": {"input": input_}}
    return conversation_settings(SessionConfig(type="realtime").updated(patch), service)


@pytest.mark.parametrize(
    ("detection", "threshold", "silence_ms", "pre_roll_ms"),
    [
        ({"type": "server_vad"}, 0.5, 500, 300),
        (
            {"type": "server_vad", "threshold": 0.8, "silence_duration_ms": 200, "prefix_padding_ms": 0},
            0.8,
            200,
            0,
        ),
        ({"type": "server_vad", "threshold": 0}, 0.01, 500, 300),
        ({"type": "server_vad", "threshold": 1}, 0.99, 500, 300),
        ({"type": "semantic_vad", "eagerness": "low"}, 0.5, 1_280, 480),
        ({"type": "semantic_vad", "eagerness": "high"}, 0.5, 320, 480),
    ],
)
async def test_turn_detection_is_the_segmentation_of_the_session(
    detection: dict[str, Any], threshold: float, silence_ms: int, pre_roll_ms: int
) -> None:
    found = await settings({"turn_detection": detection})
    assert found.ends_by_silence
    assert found.segmentation is not None
    assert found.segmentation.vad_threshold == threshold
    assert found.segmentation.silence_ms == silence_ms
    assert found.segmentation.pre_roll_ms == pre_roll_ms
    assert found.segmentation.padding_ms < silence_ms


@pytest.mark.parametrize("eagerness", ["low", "medium", "high", "auto"])
async def test_eagerness_is_the_bounds_of_an_endpoint_that_listens_to_the_words(eagerness: str) -> None:
    found = await settings({"turn_detection": {"type": "semantic_vad", "eagerness": eagerness}})
    assert found.segmentation is not None
    assert found.segmentation.endpoint == "adaptive"
    assert (
        found.segmentation.min_silence_ms < found.segmentation.silence_ms < found.segmentation.max_silence_ms
    )


async def test_the_more_eager_the_shorter_each_silence() -> None:
    bounds = []
    for eagerness in ("high", "auto", "low"):
        found = await settings({"turn_detection": {"type": "semantic_vad", "eagerness": eagerness}})
        assert found.segmentation is not None
        chosen = found.segmentation
        bounds.append((chosen.min_silence_ms, chosen.silence_ms, chosen.max_silence_ms))
    for silences in zip(*bounds, strict=True):
        assert list(silences) == sorted(set(silences))


async def test_a_silence_that_the_client_names_is_fixed() -> None:
    found = await settings({"turn_detection": {"type": "server_vad", "silence_duration_ms": 2_000}})
    assert found.segmentation is not None
    assert (found.segmentation.endpoint, found.segmentation.silence_ms) == ("fixed", 2_000)


async def test_without_turn_detection_only_a_commit_ends_an_utterance_and_nothing_is_spoken_yet() -> None:
    found = await settings({"turn_detection": None})
    assert (found.ends_by_silence, found.speak, found.target_languages) == (False, False, ("en",))


async def test_a_transcription_session_has_no_target() -> None:
    found = await settings({"transcription": {"language": "pt-BR", "delay": "low"}}, type="transcription")
    assert (found.target_languages, found.speak, found.partials) == ((), False, True)
    assert found.source_language == "pt"


async def test_prompt_and_keywords_are_the_context_of_a_recogniser_that_takes_one() -> None:
    heard = {"prompt": "A meeting.", "keywords": ["Ana", "Rui"]}
    assert (await settings({"transcription": heard})).context == "A meeting., Ana, Rui"
    assert (await settings({"transcription": heard}, context=False)).context == ""


async def test_noise_reduction_is_that_of_the_session() -> None:
    noise = {"type": "far_field", "strength": 0.5}
    assert (await settings({"noise_reduction": noise})).noise_suppression == NoiseSuppression(
        "far_field", 0.5
    )
    assert (await settings({})).noise_suppression is None
