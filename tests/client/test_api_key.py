"""The SDK shows an API key, on every connection, and says why one is refused."""

import pytest

from sokuji.access.new_key import make_key
from sokuji.client.client import connect
from sokuji.client.config import Config
from sokuji.client.reconnection import is_retryable
from sokuji.config import AccessSettings, GatewaySettings
from sokuji.config.keys import KeyLimits, KeyScope
from sokuji.errors import Forbidden, RateLimited, TooManySessions, Unauthenticated, UsageExceeded
from tests.support.openai_api import openai_api

KEY = make_key("a", KeyScope, KeyLimits(sessions=1))
OTHER = make_key("b", [KeyScope.TEXTS])
SETTINGS = GatewaySettings(access=AccessSettings(keys=(KEY.key, OTHER.key)))
CONFIG = Config(target_language="en")


async def test_a_key_is_taken_from_the_argument_or_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with openai_api(settings=SETTINGS) as base_url:
        url = base_url.removesuffix("/v1")
        for key, error in ((None, Unauthenticated), ("wrong", Unauthenticated), (OTHER.value, Forbidden)):
            with pytest.raises(error, match="API key") as refusal:
                async with connect(url, CONFIG, api_key=key):
                    pass
            assert not is_retryable(refusal.value)
        async with connect(url, CONFIG, api_key=KEY.value) as conversation:
            with pytest.raises(TooManySessions) as refused:
                async with connect(url, CONFIG, api_key=KEY.value):
                    pass
            assert is_retryable(refused.value)
            await conversation.end()
        monkeypatch.setenv("SOKUJI_API_KEY", KEY.value)
        async with connect(url, CONFIG):
            pass


def test_what_is_used_up_is_not_tried_again() -> None:
    assert is_retryable(RateLimited("wait"))
    assert not is_retryable(UsageExceeded("tomorrow"))
