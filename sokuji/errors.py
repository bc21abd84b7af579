"""The errors that a client or an operator can receive, each with its code on the wire.

All APIs share this hierarchy: a REST response takes ``status`` and ``as_dict()``; a socket sends the same
dictionary in an ``error`` event and, where the connection cannot go on, closes with ``close_code``. A message
says what was wrong and what to do next; it never contains the words spoken, a secret, or a path.

Errors cross process boundaries: every subclass can be pickled and copied, whatever its constructor takes.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class SokujiError(Exception):
    """Base of all errors that are shown to users.

    Args:
        message: one sentence for a person; it names the accepted values if there are any.
        param: the request field or setting at fault, if there is one.
        retry_after_s: seconds after which a retry makes sense.
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
        # The default calls the constructor with ``args``; a subclass may take other arguments.
        return _blank, (type(self), self.args), self.__dict__.copy()

    def as_dict(self) -> dict[str, str | None]:
        """The ``error`` object of the wire contract."""
        return {"code": self.code, "message": self.message, "param": self.param}


def _blank(cls: type[SokujiError], args: tuple[Any, ...]) -> SokujiError:
    """An error whose constructor has not run; ``copy`` and ``pickle`` then restore its attributes."""
    error = cls.__new__(cls)
    error.args = args
    return error


def listed(names: Sequence[str], most: int = 20) -> str:
    """The first ``most`` names for a message, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


class InvalidRequest(SokujiError):
    """The request is malformed, or a field has a value that is not accepted."""

    code, status, close_code = "invalid_request", 400, 1008


class NotSupported(InvalidRequest):
    """The field is known, but this service, as configured, does not support its value."""

    code = "not_supported"


class InvalidAudio(InvalidRequest):
    """The audio is empty, truncated, or in a format that cannot be decoded."""

    code = "invalid_audio"


class TooLarge(InvalidRequest):
    """The request exceeds a limit of bytes, seconds or characters."""

    code, status, close_code = "too_large", 413, 1009


class NoSpeech(InvalidRequest):
    """The audio is valid but contains no speech."""

    code, status = "no_speech", 422


class NotRecognised(InvalidRequest):
    """Somebody speaks, but no recogniser found words in it."""

    code, status = "not_recognised", 422


class UnsupportedLanguage(InvalidRequest):
    """The language is unknown, or no configured provider covers the pair."""

    code, status = "unsupported_language", 422


class NoVoice(UnsupportedLanguage):
    """No configured voice reads the script in which a text is written."""

    code = "no_voice"


class UnknownVoice(InvalidRequest):
    """No configured voice has this id, or the voice does not speak the requested language."""

    code, status = "unknown_voice", 422


class Unauthenticated(InvalidRequest):
    """The credential is missing, malformed, or has expired."""

    code, status = "invalid_api_key", 401


class Forbidden(InvalidRequest):
    """The client may not use the service in this way: from this page, or with this API key."""

    code, status = "forbidden", 403


class UnknownModel(InvalidRequest):
    """No configured provider serves a model with this id."""

    code, status = "model_not_found", 404


class UnknownBroadcast(InvalidRequest):
    """There is no such broadcast, or it is over."""

    code, status = "unknown_broadcast", 404


class RateLimited(SokujiError):
    """The client sends too many requests."""

    code, status, close_code = "rate_limited", 429, 1008


class UsageExceeded(RateLimited):
    """The API key has used what it may use in a day."""

    code = "usage_exceeded"


class TooManySessions(RateLimited):
    """The API key has as many sessions as it may have at the same time."""

    code, close_code = "too_many_sessions", 1013


class Replaced(SokujiError):
    """The client has resumed its session on another connection; this one is closed."""

    code, status, close_code = "replaced", 409, 1008


class Overloaded(SokujiError):
    """The service has no capacity left at present."""

    code, status, close_code = "overloaded", 503, 1013


class TooSlow(Overloaded):
    """A listener of a broadcast does not even take the captions."""

    code = "too_slow"


class VoiceLeftOut(Overloaded):
    """A translation is not spoken, because its voice would come too late; the session goes on."""

    code = "voice_left_out"


class ProviderUnavailable(SokujiError):
    """A stage could not be reached, or its response was lost; a retry may succeed."""

    code, status = "provider_unavailable", 503


class ReplicaLost(ProviderUnavailable):
    """The process of a stage has gone; another one is started in its place."""


class ProviderFailed(SokujiError):
    """A stage failed in a way that a retry would only repeat."""

    code, status = "provider_failed", 502


class DeadlineExceeded(SokujiError):
    """A stage did not respond within its deadline."""

    code, status = "deadline_exceeded", 504


OUTAGES = (ProviderUnavailable, Overloaded, DeadlineExceeded)
"""Errors after which a retry, or a call of another provider, may succeed."""


class ConfigError(SokujiError):
    """A setting is invalid or cannot take effect; the service refuses to start, or to change, with it."""

    code, status = "invalid_setting", 500


class ModelMissing(ConfigError):
    """A model file is missing, damaged, or cannot be downloaded."""

    code = "model_missing"
