"""Environment variables of the service: which deployment uses each of them, and why a variable is refused.

The names are those of the original performance tuning guide. A variable of a provider's setting can be
prefixed with a stage (``STT_DEVICE``, ``TRANSLATION_PRECISION``); it then applies to that stage only.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Set
from itertools import takewhile

from sokuji.config.debug import DEBUG_AUDIO
from sokuji.config.providers import PROVIDER_CONFIGS
from sokuji.config.proxy import PROXY_VARIABLES
from sokuji.config.settings import Settings
from sokuji.errors import ConfigError

FIELD_VARIABLES: dict[str, str] = {
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
"""Field of a provider's settings -> variable."""

API_KEY_VARIABLES: dict[str, str] = {
    "azure": "AZURE_SPEECH_KEY",
    "deepl": "DEEPL_API_KEY",
    "elevenlabs": "ELEVENLABS_API_KEY",
    "openai": "OPENAI_API_KEY",
}
"""Provider -> variable that holds its API key."""

GATEWAY_FIELD_VARIABLES: dict[str, str] = {
    "access.keyless": "SOKUJI_KEYLESS",
    "access.keys_file": "SOKUJI_KEYS_FILE",
    "access.keys": "SOKUJI_KEYS",
    "access.redis_url": "SOKUJI_REDIS_URL",
    "grpc.address": "SOKUJI_GRPC_ADDRESS",
    "grpc.max_message_length": "GRPC_MAX_MESSAGE_LENGTH",
    "grpc.keepalive_time": "GRPC_KEEPALIVE_TIME",
    "grpc.keepalive_timeout": "GRPC_KEEPALIVE_TIMEOUT",
    "grpc.keepalive_permit": "GRPC_KEEPALIVE_PERMIT",
    "grpc.http2_max_pings": "GRPC_HTTP2_MAX_PINGS",
    "limits.ws_max_message_size": "WS_MAX_MESSAGE_SIZE",
    "limits.ws_max_connections": "WS_MAX_CONNECTIONS",
    "resilience.circuit_breaker_threshold": "CIRCUIT_BREAKER_THRESHOLD",
}
"""``section.field`` of ``GatewaySettings`` -> variable."""

LOG_LEVEL = "LOG_LEVEL"
"""Lowest level of the messages that a deployment logs; used by every deployment."""

CLIENT_SECRET_KEY = "SOKUJI_CLIENT_SECRET_KEY"
"""Signs the client secrets of the Gateway; without it, each cluster draws a key of its own."""

_ARGS = "it applies to the whole application: set {} in the args of the Serve config"

REFUSED_VARIABLES: dict[str, str] = {
    "LOAD_BALANCE_STRATEGY": _ARGS.format("load_balance_strategy"),
    "HEALTH_CHECK_INTERVAL": _ARGS.format("health_check_interval"),
}
"""Variable of the guide that no deployment uses -> the reason, and what to do instead."""

GATEWAY_VARIABLES = frozenset({*GATEWAY_FIELD_VARIABLES.values(), CLIENT_SECRET_KEY, DEBUG_AUDIO, LOG_LEVEL})
"""The variables that the Gateway uses."""

_PREFIX = re.compile(r"(STT|TRANSLATION|TTS|WS|CIRCUIT_BREAKER|GRPC_(MAX|KEEPALIVE|HTTP2))_")
"""Prefixes that no other program uses. ``GRPC_`` is not one of them: gRPC itself has such variables."""
_MIN_SIMILARITY = 0.9
"""``difflib`` ratio above which a name counts as a misspelling."""


def setting_variables(stage: str, kind: type[Settings]) -> dict[str, str]:
    """Variable -> field of a provider's settings; includes the variables prefixed with the stage."""
    plain = {name: field for field, name in FIELD_VARIABLES.items() if field in kind.model_fields}
    prefix = f"{stage.upper()}_"
    prefixed = {prefix + name: field for name, field in plain.items() if not name.startswith(prefix)}
    return plain | prefixed


def provider_variables(stage: str, provider: str) -> set[str]:
    """All variables that a deployment of the provider uses."""
    names = {
        *setting_variables(stage, PROVIDER_CONFIGS[stage][provider]),
        f"{stage.upper()}_PROVIDER",
        LOG_LEVEL,
    }
    return names | ({API_KEY_VARIABLES[provider]} if provider in API_KEY_VARIABLES else set())


def stage_variables(stage: str) -> set[str]:
    """All variables that at least one provider of the stage uses."""
    return set().union(*(provider_variables(stage, provider) for provider in PROVIDER_CONFIGS[stage]))


ALL_VARIABLES = frozenset(
    {*REFUSED_VARIABLES, *GATEWAY_VARIABLES, *PROXY_VARIABLES}.union(*map(stage_variables, PROVIDER_CONFIGS))
)
"""All variables of the service."""


def check_deployment_variables(names: Iterable[str], used: Set[str], where: str) -> None:
    """Refuse variables that were set for one deployment and that it does not use.

    Names that resemble none of ``ALL_VARIABLES`` are accepted: a library may read them.

    Args:
        names: the variables that were set for the deployment.
        used: the variables that the deployment uses.
        where: the deployment, for messages.

    Raises:
        ConfigError: names the variable, the reason, and what to do.
    """
    for name in sorted(set(names) - used):
        if name in ALL_VARIABLES:
            raise ConfigError(f"{name} has no effect on {where}: {_reason(name)}", param=name)
        if similar := misspelt(name) or _similar(name):
            raise ConfigError(f"unknown variable {name} of {where}; did you mean {similar}?", param=name)
        if prefix := _PREFIX.match(name):
            accepted = sorted(each for each in used if each.startswith(prefix[0]))
            raise ConfigError(
                f"unknown variable {name} of {where}; accepted with that prefix: "
                f"{', '.join(accepted) or 'none'}",
                param=name,
            )


def misspelt(name: str) -> str | None:
    """The variable that ``name`` misspells, by one edit or in upper and lower case; None if there is none."""
    if name in ALL_VARIABLES:
        return None
    return next((known for known in sorted(ALL_VARIABLES) if _one_edit(name.upper(), known)), None)


def _similar(name: str) -> str | None:
    return next(
        iter(difflib.get_close_matches(name.upper(), ALL_VARIABLES, n=1, cutoff=_MIN_SIMILARITY)), None
    )


def _one_edit(one: str, other: str) -> bool:
    """Whether the Damerau-Levenshtein distance of two names (optimal string alignment) is 1 at most."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = _common_prefix(one, other)
    one, other = one[start:], other[start:]
    end = _common_prefix(one[::-1], other[::-1])
    one, other = one[: len(one) - end], other[: len(other) - end]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])


def _common_prefix(one: str, other: str) -> int:
    """Length of the common prefix of two names."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _reason(name: str) -> str:
    if name in REFUSED_VARIABLES:
        return REFUSED_VARIABLES[name]
    if name in PROXY_VARIABLES:
        return "it is a variable of Serve's proxy. Set it in the environment of Ray's processes"
    users = [f"stage {stage}" for stage in PROVIDER_CONFIGS if name in stage_variables(stage)]
    if name in GATEWAY_VARIABLES:
        users.append("the Gateway")
    return f"it is a variable of {' and '.join(users)}. Set it for a deployment that uses it"


def nonempty(environment: Mapping[str, str], names: Iterable[str]) -> set[str]:
    """The ``names`` whose variable is set to a value that is not empty."""
    return {name for name in names if environment.get(name)}
