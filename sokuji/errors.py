"""Every error a user can meet, with its wire code.

One small hierarchy serves all doors: a REST answer takes ``status`` and ``as_dict()``, a socket takes the
same dictionary in an ``error`` event and, where the error cannot be survived, ``close_code``. Messages say
what was wrong and what to do next; they never carry the words spoken, a secret or a path of the machine.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class SokujiError(Exception):
    """Base of all errors shown to users.

    Args:
        message: one sentence for a person; it names the accepted values where there are any.
        param: the request field or setting at fault, where one is.
        retry_after_s: seconds after which trying again makes sense.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    close_code: ClassVar[int] = 1011

    def __init__(self, message: str, *, param: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments need help to survive pickling between processes.
        return _rebuild, (type(self), self.message, self.param, self.retry_after_s)

    def as_dict(self) -> dict[str, str | None]:
        """The ``error`` object of the wire contract."""
        return {"code": self.code, "message": self.message, "param": self.param}


def _rebuild(
    cls: type[SokujiError], message: str, param: str | None, retry_after_s: float | None
) -> SokujiError:
    return cls(message, param=param, retry_after_s=retry_after_s)


def listed(names: Sequence[str], most: int = 20) -> str:
    """Accepted values for a message: the first ``most`` of them, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


class InvalidRequest(SokujiError):
    """The request is malformed, or a field has a value that is not accepted."""

    code, status, close_code = "invalid_request", 400, 1008


class NotSupported(InvalidRequest):
    """The field is known, but what it asks for cannot be had from this service as configured."""

    code = "not_supported"


class InvalidAudio(InvalidRequest):
    """The audio is empty, truncated or in no format that can be decoded."""

    code = "invalid_audio"


class TooLarge(InvalidRequest):
    """More bytes, seconds or characters than the limit."""

    code, status, close_code = "too_large", 413, 1009


class NoSpeech(InvalidRequest):
    """The audio is sound, but nobody speaks in it."""

    code, status = "no_speech", 422


class UnsupportedLanguage(InvalidRequest):
    """An unknown language, or a pair that no configured route covers."""

    code, status = "unsupported_language", 422


class UnknownVoice(InvalidRequest):
    """No configured voice has this id, or it does not speak the language asked for."""

    code, status = "unknown_voice", 422


class RateLimited(SokujiError):
    """The client asks too often."""

    code, status, close_code = "rate_limited", 429, 1008


class Replaced(SokujiError):
    """The client has connected again: its session goes on there, and this connection is of no more use."""

    code, status, close_code = "replaced", 409, 1008


class Overloaded(SokujiError):
    """The service is full for now."""

    code, status, close_code = "overloaded", 503, 1013


class ProviderUnavailable(SokujiError):
    """A stage could not be reached, or its answer was lost: another try may work."""

    code, status = "provider_unavailable", 503


class ProviderFailed(SokujiError):
    """A stage answered with a failure that another try would only repeat."""

    code, status = "provider_failed", 502


class DeadlineExceeded(SokujiError):
    """A stage did not answer in time."""

    code, status = "deadline_exceeded", 504


OUTAGES = (ProviderUnavailable, Overloaded, DeadlineExceeded)
"""What may be over at the next try, or may not concern another provider."""


class ConfigError(SokujiError):
    """A setting cannot take effect; the service refuses to start or to change with it."""

    code, status = "invalid_setting", 500


class ModelMissing(ConfigError):
    """A model file is absent, damaged or cannot be fetched."""

    code = "model_missing"
