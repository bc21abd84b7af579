"""Offers that are accepted and refused."""

import random

import pytest

from sokuji.api.webrtc.offer import MAX_OFFER_BYTES, parse_offer
from sokuji.errors import InvalidRequest, SokujiError, TooLarge

FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
TRANSPORT = f"c=IN IP4 0.0.0.0\na=ice-ufrag:abcd\na=ice-pwd:{'p' * 24}\n{FINGERPRINT}\na=setup:actpass\n"
SESSION = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
CANDIDATES = (
    "a=candidate:1 1 udp 2113937151 8f2d5d0f-1111-4d8c-9d5c-2b2a6f2a2222.local 51472 typ host\n"
    "a=candidate:2 1 udp 1677729535 203.0.113.7 51472 typ srflx raddr 0.0.0.0 rport 0\n"
    "a=end-of-candidates\n"
)


def audio(mid: str = "0", direction: str = "sendrecv", codec: str = "opus/48000/2") -> str:
    return (
        f"m=audio 9 UDP/TLS/RTP/SAVPF 111\n{TRANSPORT}{CANDIDATES}a=mid:{mid}\na={direction}\na=rtcp-mux\n"
        f"a=rtpmap:111 {codec}\n"
    )


def channel(mid: str = "1") -> str:
    return f"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n{TRANSPORT}a=mid:{mid}\na=sctp-port:5000\n"


def video(mid: str = "2") -> str:
    return f"m=video 9 UDP/TLS/RTP/SAVPF 96\n{TRANSPORT}a=mid:{mid}\na=rtpmap:96 VP8/90000\n"


BUNDLE = "a=group:BUNDLE 0 1 2\n"
OFFER = SESSION + BUNDLE + audio() + channel()


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_an_offer_of_audio_and_a_data_channel_is_accepted_without_its_addresses(line_end: str) -> None:
    offer = parse_offer(OFFER.replace("\n", line_end))
    assert offer.has_data_channel
    assert offer.sends_audio
    assert "203.0.113.7" not in offer.sdp
    assert ".local" not in offer.sdp
    assert "end-of-candidates" not in offer.sdp


def test_an_offer_may_have_no_data_channel_and_send_nothing() -> None:
    offer = parse_offer(SESSION + audio(direction="recvonly"))
    assert not offer.has_data_channel
    assert not offer.sends_audio


@pytest.mark.parametrize(
    ("offer", "message"),
    [
        ("", "the offer has nothing"),
        ("hello", "the offer has nothing"),
        (OFFER.replace("UDP/TLS/RTP/SAVPF 111", "what"), "not valid SDP"),
        (SESSION + BUNDLE + channel(), "the offer has application; accepted: one audio section"),
        (OFFER + video(), "the offer has audio, application, video"),
        (SESSION + BUNDLE + audio() + audio("1"), "the offer has audio, audio"),
        (
            SESSION + BUNDLE + audio() + channel() + channel("2"),
            "the offer has audio, application, application",
        ),
        (SESSION + audio() + channel(), "in one BUNDLE group"),
        (SESSION + audio(codec="PCMU/8000"), "the offer has the codecs audio/pcmu; accepted: opus"),
        (OFFER.replace(FINGERPRINT, "a=x"), "has no DTLS setup and fingerprint"),
        (OFFER.replace("a=setup:actpass", "a=x"), "has no DTLS setup and fingerprint"),
    ],
)
def test_another_offer_is_refused_with_what_is_accepted(offer: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as refusal:
        parse_offer(offer)
    assert refusal.value.param == "sdp"


def test_an_offer_that_is_too_long_is_refused_unread() -> None:
    with pytest.raises(TooLarge, match=f"at most {MAX_OFFER_BYTES}"):
        parse_offer(OFFER + "a=x\n" * MAX_OFFER_BYTES)


def test_a_mutated_offer_is_accepted_or_refused() -> None:
    mutate = random.Random(5)
    refused = 0
    for _ in range(1_000):
        text = list(OFFER)
        for _ in range(mutate.randint(1, 20)):
            at = mutate.randrange(len(text))
            text[at : at + mutate.randint(0, 3)] = mutate.choice(
                ["", "\n", "a=", "9" * 30, "é", "\0", "m=", " "]
            )
        try:
            parse_offer("".join(text))
        except SokujiError as refusal:
            refused += refusal.param == "sdp"
    assert refused > 100
