"""The configuration in force on a connection, and how it reaches the session of the service."""

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from sokuji import languages
from sokuji.access.principal import Principal
from sokuji.access.quotas import Resource
from sokuji.api.openai.realtime import session_settings
from sokuji.api.openai.realtime.session_config import SessionConfig
from sokuji.api.openai.realtime.turn_detection import prefix_padding_ms
from sokuji.api.openai.wire import JSONObject, new_id
from sokuji.api.service import Service
from sokuji.contract import StageName
from sokuji.errors import InvalidRequest
from sokuji.pipeline.caller import Caller
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.conversation import ConversationSettings
from sokuji.session.session import Session


class Mode(NamedTuple):
    """How the segments of the session become items."""

    detects_turns: bool
    prefix_ms: int


class Configuration:
    """What one client has configured.

    Args:
        initial: until the first ``session.update``, which may also change its type.
        expires_at: seconds since the epoch.
    """

    def __init__(self, service: Service, client: Principal, initial: SessionConfig, expires_at: int) -> None:
        self.service = service
        self._client = client
        self.current = initial
        self._id = new_id("sess")
        self._expires_at = expires_at
        self._providers: Mapping[StageName, str] | None = None
        """Those of the session, once it is open."""
        self._applied: ConversationSettings | None = None
        self._coming: deque[Mode] = deque()
        """Modes that the session has been asked for and that are not in force yet."""

    @property
    def detects_turns(self) -> bool:
        """Whether the session commits by itself."""
        return self.current.audio.input.turn_detection is not None

    def pipeline(self) -> Pipeline:
        """The pipeline of the session."""
        return self.service.pipeline.preferring(self._providers or {}).on_behalf_of(Caller(self._id))

    async def use_text(self, text: str) -> None:
        """Charge the client for a text that it has written.

        Raises:
            UsageExceeded: it has no characters left for it.
        """
        await self._client.use(Resource.CHARACTERS, len(text))

    def open(self, first: Mapping[str, Any] | None) -> Session:
        """Open the session of the service.

        Args:
            first: the ``session.update`` with which the client begins; None: it begins with something else.

        Raises:
            InvalidRequest: the update is refused; nothing has changed.
            Overloaded: see ``Service.new_session``.
        """
        config = self.current if first is None else self._updated(first)
        chosen = session_settings.providers(config, self.service)
        session = self.service.new_session(providers=chosen)
        if first is not None:
            self._apply(config, session)
        self._providers, self.current = chosen, config
        return session

    def update(self, patch: Mapping[str, Any], session: Session) -> None:
        """Apply a ``session.update``.

        Raises:
            SokujiError: it is refused; nothing has changed.
        """
        config = self._updated(patch)
        if session_settings.providers(config, self.service) != self._providers:
            raise InvalidRequest(
                "the model is in use; it can be chosen by the first session.update only",
                param="session.model",
            )
        self._apply(config, session)
        self.current = config

    def ensure_applied(self, session: Session) -> None:
        """Configure the session by what holds so far, if that has not been done.

        Raises:
            SokujiError: this service cannot serve it; a ``session.update`` can change that.
        """
        if self._applied is None:
            self._apply(self.current, session)

    def begin_applied(self) -> Mode:
        """The mode that comes into force with the next ``Ready``."""
        return self._coming.popleft()

    def voice(self, config: SessionConfig, target: str) -> str:
        """The id of the voice of a response; errors as ``voice_names.voice_id``."""
        return session_settings.voice(config, self.service.pipeline.catalogue, target)

    def written_language(self, config: SessionConfig) -> str | None:
        """The language of what the client writes; None: it has not said."""
        heard = config.transcription
        return languages.parse_source(heard.language) if heard and heard.language else None

    def as_dict(self) -> JSONObject:
        """The session as GA clients read it; id, object and expiry stand in OpenAI's answers too."""
        return {
            "id": self._id,
            "object": "realtime.session",
            "expires_at": self._expires_at,
            **self.current.as_dict(),
        }

    def _updated(self, patch: Mapping[str, Any]) -> SessionConfig:
        kind = patch.get("type", self.current.type)
        if kind == self.current.type or kind not in ("realtime", "transcription"):
            return self.current.updated(patch)
        if self._providers is not None:
            raise InvalidRequest(
                f"session.type: the session is of type {self.current.type!r}; open another connection",
                param="session.type",
            )
        return self.current.updated(patch)

    def _apply(self, config: SessionConfig, session: Session) -> None:
        wanted = session_settings.conversation_settings(config, self.service)
        if wanted == self._applied:
            return
        with session_settings.named_params(session_settings.session_params(config)):
            session.configure(wanted)
        self._applied = wanted
        detection = config.audio.input.turn_detection
        prefix_ms = prefix_padding_ms(detection, self.service.settings.segmentation)
        self._coming.append(Mode(detection is not None, prefix_ms))
