"""Settings of a deployment, from its ``user_config`` and its environment.

Variables that were set for one deployment are checked strictly: a variable of the service that this
deployment does not use, and a name that resembles one, are errors. All other variables are shared with other
deployments and programs: a misspelling is logged as a warning, and a variable is an error only if no other
deployment can use it.
"""

import logging
import os
from collections.abc import Mapping, Sequence, Set
from typing import Any

from sokuji.config.debug import DEBUG_AUDIO
from sokuji.config.gateway import GatewaySettings
from sokuji.config.providers import PROVIDER_CONFIGS, canonical_provider
from sokuji.config.settings import Settings, parse
from sokuji.config.variables import (
    GATEWAY_FIELD_VARIABLES,
    GATEWAY_VARIABLES,
    LOG_LEVEL,
    REFUSED_VARIABLES,
    check_deployment_variables,
    misspelt,
    nonempty,
    provider_variables,
    setting_variables,
)
from sokuji.errors import ConfigError

log = logging.getLogger(__name__)


def parse_provider(
    stage: str,
    values: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    other_providers: Sequence[str] = (),
    deployment_variables: Set[str] = frozenset(),
) -> Settings:
    """Settings of one provider of a stage; variables take precedence over ``values``.

    Args:
        stage: "stt", "translation" or "tts".
        values: the ``user_config``, with ``provider``.
        environment: all variables of the deployment's processes.
        other_providers: the other deployed providers of the stage.
        deployment_variables: names of the variables that were set for this deployment only.

    Raises:
        ConfigError: names every invalid setting and what is accepted, or a variable that has no effect.
    """
    provider = canonical_provider(stage, str(values.get("provider", "")))
    kind = PROVIDER_CONFIGS[stage].get(provider)
    if kind is None:
        accepted = ", ".join(PROVIDER_CONFIGS[stage])
        raise ConfigError(f"no {stage} provider {provider!r}; accepted: {accepted}", param="provider")
    where = f"{stage} provider {provider}"
    deployment_variables = nonempty(environment, deployment_variables)
    check_deployment_variables(deployment_variables, provider_variables(stage, provider), where)
    _check_shared(stage, provider, nonempty(environment, environment) - deployment_variables, other_providers)
    return parse(kind, {**values, "provider": provider, **_variable_values(stage, kind, environment)}, where)


def served_provider(
    stage: str, provider: str, other_providers: Sequence[str], environment: Mapping[str, str] = os.environ
) -> str:
    """The provider of a deployment, which STT_PROVIDER (TRANSLATION_PROVIDER, TTS_PROVIDER) can replace.

    Args:
        stage: "stt", "translation" or "tts".
        provider: the configured provider.
        other_providers: the other deployed providers of the stage.
        environment: all variables of the deployment's processes.

    Raises:
        ConfigError: the variable names another provider, and the stage has several: which of them it replaces
            would be ambiguous.
    """
    variable = f"{stage.upper()}_PROVIDER"
    named = canonical_provider(stage, environment.get(variable) or provider)
    if named != provider and other_providers:
        raise ConfigError(
            f"{variable}={named}, but the {stage} stage has several providers, and this deployment serves "
            f"{provider!r}: name them in the application's args instead, for example {stage}: [{named}]",
            param=variable,
        )
    return named


def parse_gateway(
    values: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    deployment_variables: Set[str] = frozenset(),
) -> GatewaySettings:
    """Settings of the Gateway; variables take precedence over ``values``.

    Args:
        values: the ``user_config``.
        environment: all variables of the deployment's processes.
        deployment_variables: names of the variables that were set for this deployment only.

    Raises:
        ConfigError: names every invalid setting and what is accepted, or a variable that has no effect.
    """
    for name, reason in REFUSED_VARIABLES.items():
        if environment.get(name):
            raise ConfigError(f"{name} has no effect on the Gateway: {reason}", param=name)
    check_deployment_variables(nonempty(environment, deployment_variables), GATEWAY_VARIABLES, "the Gateway")
    _warn_of_misspellings(nonempty(environment, environment) - deployment_variables)
    merged = dict(values)
    for path, name in GATEWAY_FIELD_VARIABLES.items():
        section, _, field = path.partition(".")
        present = merged.get(section, {})
        if environment.get(name) and isinstance(present, Mapping):
            merged[section] = {**present, field: environment[name]}
    settings = parse(GatewaySettings, merged, "Gateway user_config")
    if settings.debug.audio and environment.get(DEBUG_AUDIO) != "1":
        raise ConfigError(
            f"debug.audio keeps what people say: the Gateway's environment must have {DEBUG_AUDIO}=1 too",
            param="debug.audio",
        )
    return settings


def parse_log_level(environment: Mapping[str, str] = os.environ) -> int:
    """The level of ``logging`` that LOG_LEVEL names; INFO if it is not set.

    Raises:
        ConfigError: the level is unknown.
    """
    name = environment.get(LOG_LEVEL) or "INFO"
    levels = logging.getLevelNamesMapping()
    if name.upper() not in levels:
        accepted = ", ".join(level for level in levels if level != "NOTSET")
        raise ConfigError(f"{LOG_LEVEL}={name} is not a log level; accepted: {accepted}", param=LOG_LEVEL)
    return levels[name.upper()]


def _variable_values(stage: str, kind: type[Settings], environment: Mapping[str, str]) -> dict[str, str]:
    """Field -> value of its variable, for the variables that are set."""
    values: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, field in setting_variables(stage, kind).items():
        if not (value := environment.get(name)):
            continue
        if values.setdefault(field, value) != value:
            raise ConfigError(
                f"{names[field]}={values[field]} and {name}={value} contradict each other: leave one out",
                param=name,
            )
        names.setdefault(field, name)
    return values


def _check_shared(stage: str, provider: str, names: Set[str], other_providers: Sequence[str]) -> None:
    """Refuse variables that only providers of this stage use, none of which is deployed."""
    used = {
        (each, name): set(setting_variables(each, kind))
        for each, kinds in PROVIDER_CONFIGS.items()
        for name, kind in kinds.items()
    }
    of_stage = set[str]().union(*(used[stage, name] for name in PROVIDER_CONFIGS[stage]))
    elsewhere = set[str]().union(
        *(fields for (each, name), fields in used.items() if each != stage or name in other_providers)
    )
    idle = sorted(names & of_stage - used[stage, provider])
    if refused := [name for name in idle if name not in elsewhere]:
        accepted = ", ".join(setting_variables(stage, PROVIDER_CONFIGS[stage][provider]))
        raise ConfigError(
            f"{', '.join(refused)} has no effect on {stage} provider {provider!r}; accepted: "
            f"{accepted or 'none of these variables'}. Remove it, or set it for the deployment that "
            "uses it",
            param=refused[0],
        )
    if idle:
        log.info(
            "%s provider %s does not use %s, which other deployments use", stage, provider, ", ".join(idle)
        )
    _warn_of_misspellings(names)


def _warn_of_misspellings(names: Set[str]) -> None:
    for name in sorted(names):
        if similar := misspelt(name):
            log.warning("the variable %s has no effect; did you mean %s?", name, similar)
