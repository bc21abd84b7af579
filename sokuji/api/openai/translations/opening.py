"""What a client asks for as it connects: by the URL, the subprotocols and its client secret."""

from typing import Literal, NamedTuple

from starlette.datastructures import QueryParams

from sokuji.api.openai.translations.configuration import TranslationConfiguration
from sokuji.api.openai.translations.protocol import ResumableSettings
from sokuji.api.openai.translations.resumption import settings_of_url
from sokuji.api.openai.wire import JSONObject
from sokuji.errors import InvalidRequest

BETA_SUBPROTOCOL = "openai-beta.realtime-v1"
SESSION_TYPE: Literal["translation"] = "translation"


class Opening(NamedTuple):
    """The handshake of a client whose credential has been accepted."""

    query: QueryParams
    subprotocols: list[str]
    """Those that it offers."""
    session: JSONObject | None
    """That of its client secret."""
    one_voice: bool = False
    """Whether the client can hear one voice only, as in a call."""

    def refuse_other_dialects(self) -> None:
        """Refuse a client that means ``/v1/realtime``.

        Raises:
            InvalidRequest: ``intent``, or the subprotocol of the beta.
        """
        if "intent" in self.query:
            raise InvalidRequest(
                "intent is for /v1/realtime; a translation session takes none: leave it out", param="intent"
            )
        if BETA_SUBPROTOCOL in self.subprotocols:
            raise InvalidRequest(
                f"there was no beta of translation sessions; leave the subprotocol {BETA_SUBPROTOCOL} out",
                param="Sec-WebSocket-Protocol",
            )

    def configuration(self) -> TranslationConfiguration:
        """How the session begins.

        Raises:
            InvalidRequest: the client secret is for another kind of session, or for another model.
        """
        session = self.session
        if session is not None and session.get("type") != SESSION_TYPE:
            raise InvalidRequest(
                f"the client secret is for {session.get('type')} sessions; ask for one at "
                "/v1/realtime/translations/client_secrets",
                param="type",
            )
        return TranslationConfiguration.initial(self.query.get("model"), session)

    def resumption(self) -> ResumableSettings:
        """Where the session goes on, if the URL says so.

        Raises:
            InvalidRequest: as ``settings_of_url``.
        """
        return settings_of_url(self.query)
