"""Variables set for one deployment: each takes effect, is refused by name, or belongs to another program."""

import logging
import re
import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sokuji.config import PROVIDER_CONFIGS, PROXY_VARIABLES, parse_gateway, parse_provider
from sokuji.config.variables import (
    ALL_VARIABLES,
    GATEWAY_VARIABLES,
    misspelt,
    provider_variables,
)
from sokuji.errors import ConfigError

INNOCENT = re.findall(
    r"\S+",
    """
        PATH HOME USER LOGNAME SHELL PWD OLDPWD SHLVL LANG LANGUAGE LC_ALL LC_CTYPE TZ TERM COLUMNS
        LINES EDITOR PAGER MAIL HOSTNAME HOST DISPLAY TMPDIR TEMP TMP XDG_RUNTIME_DIR XDG_CACHE_HOME
        XDG_SESSION_ID DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK SSH_CONNECTION SSH_TTY LESSOPEN
        LS_COLORS DEBIAN_FRONTEND _ PS1 IFS HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy
        no_proxy SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE PYTHONPATH PYTHONHOME
        PYTHONUNBUFFERED PYTHONHASHSEED PYTHONDONTWRITEBYTECODE VIRTUAL_ENV CONDA_PREFIX
        PIP_INDEX_URL UV_CACHE_DIR CI GITHUB_ACTIONS GITHUB_SHA GITHUB_REF GITHUB_WORKSPACE
        GITLAB_CI CI_COMMIT_SHA JENKINS_URL BUILD_NUMBER BUILD_ID RUNNER_OS RUNNER_TEMP
        CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER CUDA_HOME CUDA_VERSION CUDNN_VERSION
        NVIDIA_VISIBLE_DEVICES NVIDIA_DRIVER_CAPABILITIES NVIDIA_REQUIRE_CUDA NCCL_DEBUG
        NCCL_VERSION LD_LIBRARY_PATH LD_PRELOAD LIBRARY_PATH OMP_NUM_THREADS OMP_PROC_BIND
        MKL_NUM_THREADS OPENBLAS_NUM_THREADS NUMEXPR_NUM_THREADS TOKENIZERS_PARALLELISM
        PYTORCH_CUDA_ALLOC_CONF MALLOC_ARENA_MAX CT2_VERBOSE CT2_USE_EXPERIMENTAL_PACKED_GEMM
        ORT_LOG_LEVEL TF_CPP_MIN_LOG_LEVEL HF_HOME HF_HUB_OFFLINE HF_TOKEN HF_ENDPOINT
        HUGGINGFACE_HUB_CACHE TRANSFORMERS_CACHE TRANSFORMERS_OFFLINE TORCH_HOME VLLM_LOGGING_LEVEL
        VLLM_CPU_KVCACHE_SPACE VLLM_WORKER_MULTIPROC_METHOD KUBERNETES_SERVICE_HOST
        KUBERNETES_SERVICE_PORT KUBERNETES_PORT KUBERNETES_PORT_443_TCP KUBERNETES_PORT_443_TCP_ADDR
        POD_NAME POD_NAMESPACE POD_IP NODE_NAME GATEWAY_SERVICE_HOST GATEWAY_PORT REDIS_URL
        DATABASE_URL PORT WORKERS AWS_REGION AWS_ACCESS_KEY_ID GOOGLE_APPLICATION_CREDENTIALS
        AZURE_CLIENT_ID AZURE_TENANT_ID RAY_ADDRESS RAY_JOB_ID RAY_RAYLET_PID RAY_NODE_ID
        RAY_SERVE_ENABLE_HA_PROXY RAY_DEDUP_LOGS RAY_LOG_TO_STDERR RAY_CLUSTER_NAME FQ_RAY_IP RAY_IP
        RAY_PORT REDIS_PASSWORD RAY_GCS_RPC_SERVER_RECONNECT_TIMEOUT_S RAY_BACKEND_LOG_LEVEL
        RAY_SERVE_LOG_TO_STDERR SERVE_REQUEST_PROCESSING_TIMEOUT_S GRPC_VERBOSITY GRPC_TRACE
        GRPC_ENABLE_FORK_SUPPORT GRPC_POLL_STRATEGY GRPC_DNS_RESOLVER GRPC_SSL_CIPHER_SUITES
        GRPC_DEFAULT_SSL_ROOTS_FILE_PATH GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS
        GRPC_EXPERIMENTS SOKUJI_MODELS_DIR SOKUJI_GPU_FRACTION
        """,
)
"""What Debian, a CI, CUDA, model libraries, Kubernetes, Ray and gRPC put into an environment."""

DEPLOYMENTS = [(stage, provider) for stage, kinds in PROVIDER_CONFIGS.items() for provider in kinds]
CHARACTERS = string.ascii_uppercase + "_0"


def deploy(stage: str, provider: str, **variables: str) -> None:
    """The settings of a deployment for which the Serve config sets these variables."""
    region = {"region": "eastus"} if provider == "azure" else {}
    parse_provider(stage, {"provider": provider, **region}, variables, deployment_variables=variables.keys())


@st.composite
def misspellings(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and the same with one edit."""
    name = draw(st.sampled_from(sorted(ALL_VARIABLES)))
    at = draw(st.integers(0, len(name) - 1))
    character = draw(st.sampled_from(CHARACTERS))
    edits = {
        "delete": name[:at] + name[at + 1 :],
        "insert": name[:at] + character + name[at:],
        "replace": name[:at] + character + name[at + 1 :],
        "swap": name[:at] + name[at : at + 2][::-1] + name[at + 2 :],
    }
    return name, draw(st.sampled_from(sorted(edits.values())))


@pytest.mark.parametrize("name", INNOCENT)
def test_variables_of_other_programs_are_left_alone(name: str) -> None:
    for stage, provider in DEPLOYMENTS:
        deploy(stage, provider, **{name: "1"})
    parse_gateway({}, {name: "1"}, deployment_variables={name})


@given(misspellings())
@example(("MODEL_SIZE", "MODEL_SIZ"))
@example(("WS_MAX_CONNECTIONS", "WS_MAX_CONECTIONS"))
def test_every_misspelling_by_one_edit_is_refused_with_the_name_that_is_meant(pair: tuple[str, str]) -> None:
    name, typed = pair
    assume(typed not in ALL_VARIABLES)
    for stage, provider in (("stt", "faster_whisper"), ("translation", "deepl")):
        with pytest.raises(ConfigError, match=f"unknown variable {typed} .*did you mean") as caught:
            deploy(stage, provider, **{typed: "1"})
        assert caught.value.param == typed
    with pytest.raises(ConfigError, match="did you mean"):
        parse_gateway({}, {typed: "1"}, deployment_variables={typed})
    # Another name may be as near.
    assert misspelt(typed) in {name, *(known for known in ALL_VARIABLES if abs(len(known) - len(typed)) < 2)}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("MODEL_SIZ", "MODEL_SIZE"),
        ("MODELSIZE", "MODEL_SIZE"),
        ("model_size", "MODEL_SIZE"),
        ("BEAMS_SIZE", "BEAM_SIZE"),
        ("VAD_FLITER", "VAD_FILTER"),
        ("TRANSLATION_MODEL_", "TRANSLATION_MODEL"),
        ("CIRCUIT_BREAKER_TRESHHOLD", "CIRCUIT_BREAKER_THRESHOLD"),
        ("GRPC_MAX_MESSAGE_LENGHT", "GRPC_MAX_MESSAGE_LENGTH"),
        ("ELEVEN_LABS_API_KEY", "ELEVENLABS_API_KEY"),
        ("STT_MODELSIZE", "STT_MODEL_SIZE"),
    ],
)
def test_common_misspellings_name_what_is_meant(typed: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean {meant}\\?"):
        deploy("stt", "faster_whisper", **{typed: "1"})


@pytest.mark.parametrize("typed", ["WS_COLOUR", "STT_SPEED", "TTS_LANGUAGE", "GRPC_KEEPALIVE_FOREVER"])
def test_a_prefix_of_the_service_is_refused_with_an_unknown_name(typed: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown variable {typed} of stt .*accepted with that prefix: "):
        deploy("stt", "faster_whisper", **{typed: "1"})


@pytest.mark.parametrize("name", sorted(ALL_VARIABLES))
def test_a_name_that_a_deployment_does_not_take_is_refused_with_where_it_belongs(name: str) -> None:
    for stage, provider in DEPLOYMENTS:
        if name not in provider_variables(stage, provider):
            refusal = f"^{name} has no effect on {stage} provider {provider}: .*(Set|Leave|set)"
            with pytest.raises(ConfigError, match=refusal) as caught:
                deploy(stage, provider, **{name: "1"})
            assert caught.value.param == name
    if name not in GATEWAY_VARIABLES:
        with pytest.raises(ConfigError, match=f"^{name} has no effect on the Gateway: "):
            parse_gateway({}, {name: "1"}, deployment_variables={name})


def test_the_cases_that_used_to_pass_in_silence() -> None:
    for name in ("NUM_BEAMS", "WS_MAX_CONNECTIONS", *PROXY_VARIABLES, "GRPC_KEEPALIVE_TIME", "MODEL_SIZ"):
        with pytest.raises(ConfigError, match=name):
            deploy("stt", "faster_whisper", **{name: "20"})
    with pytest.raises(
        ConfigError, match="MODEL_SIZE has no effect on the Gateway: it is a variable of stage stt"
    ):
        parse_gateway({}, {"MODEL_SIZE": "tiny"}, deployment_variables={"MODEL_SIZE"})


def test_an_empty_variable_is_not_set() -> None:
    deploy("stt", "faster_whisper", MODEL_SIZ="", NUM_BEAMS="", STT_COLOUR="")


def test_inherited_variables_are_not_refused_but_a_misspelling_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "sokuji")
    inherited = {"MODEL_SIZ": "tiny", "WS_COLOUR": "red", "NUM_BEAMS": "1", "DEEPL_API_KEY": "x"}
    parse_provider("stt", {"provider": "faster_whisper"}, inherited)
    parse_provider("translation", {"provider": "bergamot"}, {"DEEPL_API_KEY": "x"})
    parse_gateway({}, inherited)
    assert {record.getMessage() for record in caplog.records} == {
        "the variable MODEL_SIZ has no effect; did you mean MODEL_SIZE?"
    }
