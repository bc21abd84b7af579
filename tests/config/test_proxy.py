"""The variables of Serve's proxy: each takes effect, or is refused where no proxy would see it."""

import pytest

from sokuji.config import CALLBACK, PROXY_CALLBACK, ProxySettings, check_proxy_variables, parse_proxy
from sokuji.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("WS_PING_INTERVAL", {"20": 20, "30": 30, "1.5": 1.5}, ["0", "often", "4000"]),
        ("WS_PING_TIMEOUT", {"10": 10}, ["-1", "4000"]),
        ("WS_COMPRESSION", {"true": True, "false": False, "0": False}, ["perhaps"]),
    ],
)
def test_a_value_is_accepted_or_refused_by_the_name_of_its_field(
    name: str, accepted: dict[str, object], refused: list[str]
) -> None:
    for text, value in accepted.items():
        assert getattr(parse_proxy({name: text}), name.lower()) == value
    for text in refused:
        with pytest.raises(ConfigError, match=name.lower()):
            parse_proxy({name: text})
        with pytest.raises(ConfigError, match=name.lower()):
            check_proxy_variables({name: text, PROXY_CALLBACK: CALLBACK}, set())


def test_a_variable_that_is_empty_is_not_set() -> None:
    assert parse_proxy({"WS_PING_INTERVAL": ""}) == ProxySettings()
    check_proxy_variables({"WS_PING_INTERVAL": ""}, {"WS_PING_INTERVAL"})


def test_a_variable_that_no_proxy_sees_is_refused() -> None:
    check_proxy_variables({"WS_PING_INTERVAL": "30", PROXY_CALLBACK: CALLBACK}, {"MODEL_SIZE"})
    with pytest.raises(
        ConfigError, match=f"WS_PING_INTERVAL has no effect unless {PROXY_CALLBACK}={CALLBACK}"
    ):
        check_proxy_variables({"WS_PING_INTERVAL": "30"}, set())
    with pytest.raises(ConfigError, match="WS_PING_INTERVAL has no effect on the Gateway"):
        check_proxy_variables({"WS_PING_INTERVAL": "30", PROXY_CALLBACK: CALLBACK}, {"WS_PING_INTERVAL"})
