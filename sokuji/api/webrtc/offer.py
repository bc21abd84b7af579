"""The SDP offer of a call: what is accepted of it.

A call has one audio section, in which Opus is offered, and one data channel section at most, all on one
transport (BUNDLE). Anything else is refused with an error that says what to change.

The addresses in an offer are not used. The client's own connectivity checks tell its address (a
peer-reflexive candidate: RFC 8445, section 7.3.1.3), which works as well where the offer has a name that only
its own network resolves, as browsers write it. So the service sends nothing to an address that has not
proved, by the password in the answer, that it belongs to the client.
"""

from dataclasses import dataclass

from aiortc.sdp import MediaDescription, SessionDescription

from sokuji.errors import InvalidRequest, TooLarge

MAX_OFFER_BYTES = 64 * 1_024
"""Browsers offer 2 to 8 KiB."""
_ADDRESSES = ("a=candidate:", "a=end-of-candidates")
PARAM = "sdp"


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that is accepted."""

    sdp: str
    """Without addresses."""
    has_data_channel: bool
    sends_audio: bool


def parse_offer(sdp: str) -> Offer:
    """Check an offer.

    Raises:
        TooLarge: more than ``MAX_OFFER_BYTES``.
        InvalidRequest: not SDP, or not a call that is served.
    """
    size = len(sdp.encode(errors="replace"))
    if size > MAX_OFFER_BYTES:
        raise TooLarge(f"an offer of {size} bytes; at most {MAX_OFFER_BYTES} are accepted", param=PARAM)
    text = "".join(
        f"{line}\r\n" for line in sdp.splitlines() if line.strip() and not line.startswith(_ADDRESSES)
    )
    try:
        description = SessionDescription.parse(text)
    except Exception:
        # The parser asserts, indexes and converts as it goes: any exception means that it cannot read this.
        raise InvalidRequest("the offer is not valid SDP (RFC 8866)", param=PARAM) from None
    audio = _sections(description, "audio")
    channels = _sections(description, "application")
    if len(audio) != 1 or len(channels) > 1 or len(description.media) != len(audio) + len(channels):
        kinds = ", ".join(media.kind[:20] for media in description.media[:8]) or "nothing"
        raise InvalidRequest(
            f"the offer has {kinds}; accepted: one audio section, and one data channel section at most",
            param=PARAM,
        )
    _check_codec(audio[0])
    _check_transport(description)
    return Offer(text, bool(channels), sends_audio=audio[0].direction in ("sendrecv", "sendonly"))


def _sections(description: SessionDescription, kind: str) -> list[MediaDescription]:
    return [media for media in description.media if media.kind == kind]


def _check_codec(audio: MediaDescription) -> None:
    codecs = [codec.mimeType.lower() for codec in audio.rtp.codecs]
    if "audio/opus" not in codecs:
        raise InvalidRequest(
            f"the offer has the codecs {', '.join(codecs[:10]) or 'none'}; accepted: opus", param=PARAM
        )


def _check_transport(description: SessionDescription) -> None:
    bundled = {mid for group in description.group if group.semantic == "BUNDLE" for mid in group.items}
    for media in description.media:
        if media.rtp.muxId not in bundled and len(description.media) > 1:
            raise InvalidRequest("all sections must be in one BUNDLE group (RFC 9143)", param=PARAM)
        if media.dtls is None or not media.dtls.fingerprints:
            raise InvalidRequest(
                f"the {media.kind} section has no DTLS setup and fingerprint: only WebRTC is accepted",
                param=PARAM,
            )
