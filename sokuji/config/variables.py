"""The variables that set something, who takes each of them, and why a name that was set is refused.

The names are those of the original performance tuning guide. The name of a stage may stand before a name of
a provider's setting (``STT_DEVICE``, ``TRANSLATION_PRECISION``): it then concerns that stage alone.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Set
from itertools import takewhile

from sokuji.config.providers import PROVIDER_CONFIGS
from sokuji.config.settings import Settings
from sokuji.errors import ConfigError

ENVIRONMENT: dict[str, str] = {
    "model_size": "MODEL_SIZE",
    "device": "DEVICE",
    "compute_type": "COMPUTE_TYPE",
    "beam_size": "BEAM_SIZE",
    "best_of": "BEST_OF",
    "temperature": "TEMPERATURE",
    "vad_filter": "VAD_FILTER",
    "vad_threshold": "VAD_THRESHOLD",
    "num_workers": "NUM_WORKERS",
    "batch_size": "BATCH_SIZE",
    "translation_model": "TRANSLATION_MODEL",
    "precision": "PRECISION",
    "num_beams": "NUM_BEAMS",
    "max_length": "MAX_LENGTH",
    "length_penalty": "LENGTH_PENALTY",
    "max_batch_size": "MAX_BATCH_SIZE",
    "use_onnx": "USE_ONNX",
    "onnx_providers": "ONNX_PROVIDERS",
    "tts_model": "TTS_MODEL",
    "region": "AZURE_SPEECH_REGION",
    "sample_rate": "SAMPLE_RATE",
    "audio_format": "AUDIO_FORMAT",
}
"""Field of a provider's settings -> its variable."""

KEYS: dict[str, str] = {
    "azure": "AZURE_SPEECH_KEY",
    "deepl": "DEEPL_API_KEY",
    "elevenlabs": "ELEVENLABS_API_KEY",
    "openai": "OPENAI_API_KEY",
}
"""Provider -> the variable that holds its key."""

GATEWAY_ENVIRONMENT: dict[str, str] = {
    "limits.ws_max_message_size": "WS_MAX_MESSAGE_SIZE",
    "limits.ws_max_connections": "WS_MAX_CONNECTIONS",
    "resilience.circuit_breaker_threshold": "CIRCUIT_BREAKER_THRESHOLD",
}
"""Section and field of ``GatewaySettings`` -> its variable."""

LOG_LEVEL = "LOG_LEVEL"
"""The least important messages that are logged, in every deployment."""

PROXY: dict[str, tuple[float | bool, str]] = {
    "WS_PING_INTERVAL": (
        20.0,
        "Ray Serve's proxy pings every 20 s (limits.idle_timeout_s closes clients that send nothing)",
    ),
    "WS_PING_TIMEOUT": (20.0, "Ray Serve's proxy waits 20 s for the pong, then closes with 1011"),
    "WS_COMPRESSION": (True, "Ray Serve's proxy compresses for clients that offer it (permessage-deflate)"),
}
"""Variable -> what the proxy does, and in words.

Sockets and their keepalive belong to Ray Serve's proxy, which takes no settings for them (Ray 2.60.0: neither
``http_options`` nor an environment variable reaches uvicorn; behind HAProxy each replica runs the same
server), and an application cannot send a ping frame. So only what the proxy does is accepted.
"""

_NO_GRPC = (
    "there is no gRPC API: clients come over HTTP and WebSocket, and Ray calls the stages. Leave it out"
)
_ARGS = "it concerns the whole application: set {} in the args of the Serve config"

REFUSED: dict[str, str] = {
    "GRPC_MAX_MESSAGE_LENGTH": _NO_GRPC,
    "GRPC_KEEPALIVE_TIME": _NO_GRPC,
    "GRPC_KEEPALIVE_TIMEOUT": _NO_GRPC,
    "GRPC_KEEPALIVE_PERMIT": _NO_GRPC,
    "GRPC_HTTP2_MAX_PINGS": _NO_GRPC,
    "LOAD_BALANCE_STRATEGY": _ARGS.format("load_balance_strategy"),
    "HEALTH_CHECK_INTERVAL": _ARGS.format("health_check_interval"),
}
"""Variable -> why no deployment takes it, and what to do."""

GATEWAY = frozenset({*GATEWAY_ENVIRONMENT.values(), *PROXY, LOG_LEVEL})
"""What the Gateway takes."""

_PREFIX = re.compile(r"(STT|TRANSLATION|TTS|WS|CIRCUIT_BREAKER|GRPC_(MAX|KEEPALIVE|HTTP2))_")
"""Beginnings of names that no other program uses. Not ``GRPC_`` alone: gRPC itself has such variables."""
_CLOSE = 0.9
"""Similarity (``difflib``) of two names from which one may be a misspelling of the other."""


def setting_variables(stage: str, kind: type[Settings]) -> dict[str, str]:
    """Variable -> field, of a provider's settings; with the stage's name before it as well."""
    plain = {name: field for field, name in ENVIRONMENT.items() if field in kind.model_fields}
    prefix = f"{stage.upper()}_"
    prefixed = {prefix + name: field for name, field in plain.items() if not name.startswith(prefix)}
    return plain | prefixed


def provider_variables(stage: str, provider: str) -> set[str]:
    """All variables that a deployment of the provider takes."""
    names = {
        *setting_variables(stage, PROVIDER_CONFIGS[stage][provider]),
        f"{stage.upper()}_PROVIDER",
        LOG_LEVEL,
    }
    return names | ({KEYS[provider]} if provider in KEYS else set())


def stage_variables(stage: str) -> set[str]:
    """All variables that some provider of the stage takes."""
    return set().union(*(provider_variables(stage, provider) for provider in PROVIDER_CONFIGS[stage]))


KNOWN = frozenset({*REFUSED, *GATEWAY}.union(*map(stage_variables, PROVIDER_CONFIGS)))
"""All variables of the service."""


def check_own(names: Iterable[str], taken: Set[str], where: str) -> None:
    """Refuse variables that were set for one deployment and that it does not take.

    Names that resemble none of ``KNOWN`` are left alone: they are meant for a library.

    Args:
        names: the variables that were set for the deployment.
        taken: those that it takes.
        where: the deployment, for messages.

    Raises:
        ConfigError: names the variable, the reason, and what to do.
    """
    for name in sorted(set(names) - taken):
        if name in KNOWN:
            raise ConfigError(f"{name} has no effect on {where}: {_reason(name)}", param=name)
        if similar := misspelt(name) or _similar(name):
            raise ConfigError(f"unknown variable {name} of {where}; did you mean {similar}?", param=name)
        if prefix := _PREFIX.match(name):
            accepted = sorted(each for each in taken if each.startswith(prefix[0]))
            raise ConfigError(
                f"unknown variable {name} of {where}; accepted with that prefix: "
                f"{', '.join(accepted) or 'none'}",
                param=name,
            )


def misspelt(name: str) -> str | None:
    """The variable of which a name is a misspelling: one edit, or letters of another case."""
    if name in KNOWN:
        return None
    return next((known for known in sorted(KNOWN) if _one_edit(name.upper(), known)), None)


def _similar(name: str) -> str | None:
    return next(iter(difflib.get_close_matches(name.upper(), KNOWN, n=1, cutoff=_CLOSE)), None)


def _one_edit(one: str, other: str) -> bool:
    """Whether a character more, less or otherwise, or two exchanged, make one name of the other at most."""
    start = _common(one, other)
    one, other = one[start:], other[start:]
    end = _common(one[::-1], other[::-1])
    one, other = one[: len(one) - end], other[: len(other) - end]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])


def _common(one: str, other: str) -> int:
    """Length of the beginning that two names share."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _reason(name: str) -> str:
    if name in REFUSED:
        return REFUSED[name]
    takers = [f"stage {stage}" for stage in PROVIDER_CONFIGS if name in stage_variables(stage)]
    if name in GATEWAY:
        takers.append("the Gateway")
    return f"it is a variable of {' and '.join(takers)}. Set it for the deployment that it is meant for"


def set_names(environment: Mapping[str, str], names: Iterable[str]) -> set[str]:
    """Those of ``names`` that are set; a variable with an empty value counts as not set."""
    return {name for name in names if environment.get(name)}
