"""From a deployment's ``user_config`` and its environment to its settings.

Two kinds of variables are told apart. Those that were set for one deployment (``own``) are checked strictly:
a variable of the service that this deployment does not take, and a name that resembles one, are refused. The
others are shared with other deployments and other programs: a misspelling is logged there, and a variable is
refused only if it can be meant for no other deployment.
"""

import logging
import os
from collections.abc import Mapping, Sequence, Set
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sokuji.config.gateway import GatewaySettings
from sokuji.config.providers import PROVIDER_CONFIGS, canonical_provider
from sokuji.config.settings import Settings, parse
from sokuji.config.variables import (
    GATEWAY,
    GATEWAY_ENVIRONMENT,
    LOG_LEVEL,
    PROXY,
    REFUSED,
    check_own,
    misspelt,
    provider_variables,
    set_names,
    setting_variables,
)
from sokuji.errors import ConfigError

log = logging.getLogger(__name__)


def parse_provider(
    stage: str,
    values: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    beside: Sequence[str] = (),
    own: Set[str] = frozenset(),
) -> Any:
    """The settings of one provider of a stage; variables win over ``values``.

    Args:
        stage: "stt", "translation" or "tts".
        values: the settings, with ``provider``.
        environment: all variables of the deployment's processes.
        beside: the other providers of the stage that are deployed.
        own: names of the variables that were set for this deployment alone.

    Raises:
        ConfigError: names every setting at fault and what is accepted, or a variable that has no effect.
    """
    provider = canonical_provider(stage, str(values.get("provider", "")))
    kind = PROVIDER_CONFIGS[stage].get(provider)
    if kind is None:
        accepted = ", ".join(PROVIDER_CONFIGS[stage])
        raise ConfigError(f"no {stage} provider {provider!r}; accepted: {accepted}", param="provider")
    where = f"{stage} provider {provider}"
    own = set_names(environment, own)
    check_own(own, provider_variables(stage, provider), where)
    _check_shared(stage, provider, set_names(environment, environment) - own, beside)
    return parse(kind, {**values, "provider": provider, **_found(stage, kind, environment)}, where)


def served_provider(
    stage: str, provider: str, beside: Sequence[str], environment: Mapping[str, str] = os.environ
) -> str:
    """The provider of a deployment: the one that STT_PROVIDER (TRANSLATION_, TTS_) names, if it is set.

    Args:
        stage: "stt", "translation" or "tts".
        provider: the one that the deployment was made for.
        beside: the other providers of the stage that are deployed.
        environment: where the variable is looked for.

    Raises:
        ConfigError: the stage has other providers, so that it is not clear which one is replaced.
    """
    variable = f"{stage.upper()}_PROVIDER"
    named = canonical_provider(stage, environment.get(variable) or provider)
    if named != provider and beside:
        raise ConfigError(
            f"{variable}={named}, but the {stage} stage has several providers, and this deployment serves "
            f"{provider!r}: name them in the application's args instead, for example {stage}: [{named}]",
            param=variable,
        )
    return named


def parse_gateway(
    values: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    own: Set[str] = frozenset(),
) -> GatewaySettings:
    """The settings of the Gateway; variables win over ``values``.

    Args:
        values: the settings.
        environment: all variables of the deployment's processes.
        own: names of the variables that were set for this deployment alone.

    Raises:
        ConfigError: names every setting at fault and what is accepted, or a variable that has no effect.
    """
    for name in (*REFUSED, *PROXY):
        if text := environment.get(name):
            _check_network(name, text)
    check_own(set_names(environment, own), GATEWAY, "the Gateway")
    _warn_of_misspellings(set_names(environment, environment) - own)
    merged = dict(values)
    for path, name in GATEWAY_ENVIRONMENT.items():
        section, _, field = path.partition(".")
        present = merged.get(section, {})
        if environment.get(name) and isinstance(present, Mapping):
            merged[section] = {**present, field: environment[name]}
    return parse(GatewaySettings, merged, "Gateway user_config")


def parse_log_level(environment: Mapping[str, str] = os.environ) -> int:
    """The level that LOG_LEVEL names, INFO without it.

    Raises:
        ConfigError: there is no such level.
    """
    name = environment.get(LOG_LEVEL) or "INFO"
    levels = logging.getLevelNamesMapping()
    if name.upper() not in levels:
        accepted = ", ".join(level for level in levels if level != "NOTSET")
        raise ConfigError(f"{LOG_LEVEL}={name} is no level; accepted: {accepted}", param=LOG_LEVEL)
    return levels[name.upper()]


def _found(stage: str, kind: type[Settings], environment: Mapping[str, str]) -> dict[str, str]:
    """Field -> value, of the variables that are set."""
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


def _check_shared(stage: str, provider: str, names: Set[str], beside: Sequence[str]) -> None:
    """Refuse settings that only other providers of this stage take, none of which is deployed."""
    takers = {
        (each, name): set(setting_variables(each, kind))
        for each, kinds in PROVIDER_CONFIGS.items()
        for name, kind in kinds.items()
    }
    of_stage = set[str]().union(*(takers[stage, name] for name in PROVIDER_CONFIGS[stage]))
    elsewhere = set[str]().union(
        *(taken for (each, name), taken in takers.items() if each != stage or name in beside)
    )
    idle = sorted(names & of_stage - takers[stage, provider])
    if refused := [name for name in idle if name not in elsewhere]:
        accepted = ", ".join(setting_variables(stage, PROVIDER_CONFIGS[stage][provider]))
        raise ConfigError(
            f"{', '.join(refused)} has no effect on {stage} provider {provider!r}; accepted: "
            f"{accepted or 'none of these variables'}. Leave it out, or set it for the deployment that it is "
            "meant for",
            param=refused[0],
        )
    if idle:
        log.info("%s provider %s takes no %s: meant for another one", stage, provider, ", ".join(idle))
    _warn_of_misspellings(names)


def _warn_of_misspellings(names: Set[str]) -> None:
    for name in sorted(names):
        if similar := misspelt(name):
            log.warning("the variable %s sets nothing; did you mean %s?", name, similar)


def _check_network(name: str, text: str) -> None:
    """Refuse a variable that the Gateway cannot heed, unless it asks for what happens anyway."""
    if reason := REFUSED.get(name):
        raise ConfigError(f"{name} has no effect on the Gateway: {reason}", param=name)
    value, does = PROXY[name]
    try:
        asked = TypeAdapter(type(value)).validate_python(text)
    except ValidationError:
        asked = None
    if asked != value:
        accepted = str(value).lower().removesuffix(".0")
        raise ConfigError(
            f"{name}={text} is not available: {does}, and takes no settings. Leave it out, or set {accepted}",
            param=name,
        )
