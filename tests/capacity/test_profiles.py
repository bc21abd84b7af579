"""What a Serve config takes, read from the file; and what the profiles say of themselves at their top."""

import math
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from sokuji.capacity import profiles
from sokuji.capacity.memory import GB
from sokuji.capacity.profiles import Profile, load_profile
from sokuji.config import NllbConfig, parse_provider
from sokuji.contract import StageName
from sokuji.errors import ConfigError
from sokuji.providers.registry import create

PROFILES = sorted(profiles.profile_paths())
DESCRIBED = [name for name in PROFILES if name not in ("default", "throughput")]
HEAD = """
applications:
  - name: sokuji
    import_path: graphs.speech_translation:app
"""


def config(folder: Path, text: str) -> Profile:
    path = folder / "mine.yaml"
    path.write_text(f"# What it is for.{HEAD}{text}")
    return load_profile(str(path))


@pytest.mark.parametrize("name", PROFILES)
def test_every_replica_fits_into_its_part_of_the_gpu_that_the_profile_is_for(name: str) -> None:
    profile = load_profile(name)
    profile.check()
    needs = [each.memory_need for each in profile.deployments]
    assert all(needs)
    assert bool(profile.gpus) == bool(profile.gpu_memory)
    assert all(
        each.gpus > 0 for each, need in zip(profile.deployments, needs, strict=True) if need and need.gpu
    )


@pytest.mark.parametrize("name", PROFILES)
def test_no_profile_fits_gpus_of_half_the_size(name: str) -> None:
    profile = load_profile(name)
    if profile.gpu_memory is not None:
        with pytest.raises(ConfigError, match="are missing"):
            profile.check(profile.gpu_memory // 2)


@pytest.mark.parametrize("name", DESCRIBED)
def test_the_top_of_a_profile_says_what_it_takes(name: str) -> None:
    profile = load_profile(name)
    comment = profile.path.read_text().partition("\nproxy_location")[0].replace("\n#", "")
    assert profile.purpose.endswith(".")
    assert "# Needs:" in profile.path.read_text()
    assert "# To expect:" in profile.path.read_text()
    assert "Not measured here" in comment
    assert f" {profile.cores} cores" in comment
    assert f" {math.ceil(profile.ram / GB)} GB of memory" in comment
    if profile.gpu_memory:
        assert (
            f"GPUs of {profile.gpu_memory // GB} GB" in comment
            or f"GPU of {profile.gpu_memory // GB} GB" in comment
        )
    else:
        assert "no GPU" in comment
    assert all(variable in comment for variable in profile.variables)
    for _, model in profile.hub_models:
        assert model in comment or "balanced.yaml" in comment


@pytest.mark.parametrize("name", DESCRIBED)
def test_the_shares_that_a_profile_tells_are_those_it_has(name: str) -> None:
    profile = load_profile(name)
    text = " ".join(profile.path.read_text().partition("\nproxy_location")[0].replace("\n#", "").split())
    told = re.findall(r"(?:a |three )?(\w+) (?:of )?(0\.\d+) \(([\d.]+) of ([\d.]+) GB\)", text)
    shared = [each for each in profile.deployments if each.gpus]
    assert [(each[0], float(each[1])) for each in told] == [(each.name, each.gpus) for each in shared]
    for (_, _, needed, of), each in zip(told, shared, strict=True):
        assert each.memory_need
        assert profile.gpu_memory
        assert float(needed) == round(each.memory_need.gpu / GB, 1)
        assert float(of) == pytest.approx(each.gpus * profile.gpu_memory / GB, abs=0.05)


def test_a_wheel_has_the_profiles_where_they_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).parents[2]
    build = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for source, target in build["force-include"].items():
        copy = shutil.copytree if (root / source).is_dir() else shutil.copy
        copy(root / source, tmp_path / target)
    here = profiles.profile_paths()
    monkeypatch.setattr(profiles, "_PACKAGED", tmp_path / "sokuji" / profiles._PACKAGED.name)
    assert {name: path.read_text() for name, path in profiles.profile_paths().items()} == {
        name: path.read_text() for name, path in here.items()
    }


def test_scale_out_needs_two_cards_and_three_recognisers() -> None:
    profile = load_profile("scale_out")
    replicas = {each.name: each.replicas for each in profile.deployments}
    assert (replicas["SpeechToText"], replicas["Gateway"], profile.gpus) == (3, 2, 2)


def test_a_config_that_says_little_is_that_of_the_graph(tmp_path: Path) -> None:
    profile = config(tmp_path, "")
    assert profile.purpose == "What it is for."
    assert [each.name for each in profile.deployments] == [
        "Gateway", "SpeechToText", "Translation", "TextToSpeech", "TextToSpeechKokoro",
    ]  # fmt: skip
    assert (profile.gpus, profile.gpu_memory, profile.variables, profile.hub_models) == (0, None, [], [])


def test_models_to_fetch_are_of_the_kind_of_their_provider(tmp_path: Path) -> None:
    args = "{translation: [nllb, openai], tts: [pocket_tts, piper]}"
    assert config(tmp_path, f"    args: {args}").hub_models == [
        ("nllb", NllbConfig().translation_model),
        ("pocket-tts", "english"),
    ]


def test_variables_of_a_deployment_win_over_its_settings(tmp_path: Path) -> None:
    deployment = """
        {name: SpeechToText, user_config: {model_size: tiny},
         ray_actor_options: {num_gpus: 0.2, runtime_env: {env_vars: {MODEL_SIZE: large-v3}}}}"""
    profile = config(tmp_path, f"    args: {{gpu_memory_gb: 4}}\n    deployments: [{deployment}]")
    assert profile.hub_models == [("whisper", "large-v3")]
    with pytest.raises(ConfigError, match="SpeechToText does not fit"):
        profile.check()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("    deployments: [{name: SpeechToText, user_config: {colour: red}}]", "colour is not a setting"),
        ("    args: {stt: [parrot]}", "no stt provider 'parrot'"),
    ],
)
def test_settings_that_are_not_accepted_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "said"),
    [("applications: []", "0 applications"), ("a: [", "is not YAML"), ("- a", "0 applications")],
)
def test_what_is_no_config_of_the_graph_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=said):
        load_profile(str(path))
    with pytest.raises(ConfigError, match="accepted: default, balanced"):
        load_profile("imbalanced")


@pytest.mark.parametrize(
    ("stage", "provider"),
    [("stt", "azure"), ("translation", "deepl"), ("tts", "elevenlabs"), ("tts", "azure")],
)
async def test_the_key_that_is_asked_for_is_the_one_that_the_provider_takes(
    stage: StageName, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(profiles.KEY_VARIABLES[provider], raising=False)
    region = {"region": "westeurope"} if provider == "azure" else {}
    config = parse_provider(stage, {"provider": provider, **region}, {})
    with pytest.raises(ConfigError) as refused:
        await create(stage, config).load()
    assert refused.value.param == profiles.KEY_VARIABLES[provider]
