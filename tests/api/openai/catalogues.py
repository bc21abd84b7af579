"""A catalogue of providers that only describe themselves."""

from typing import Any

from sokuji.admission.provider_load import ProviderLoad
from sokuji.config import ResilienceSettings
from sokuji.contract import RecogniserInfo, SynthesiserInfo, TranslatorInfo, Voice
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.circuit_breaker import CircuitBreaker
from sokuji.pipeline.members import Member

_BREAKER = CircuitBreaker("a provider", ResilienceSettings)
"""One for all, so that equal catalogues are equal."""
_LOAD = ProviderLoad("stt")


def member(info: Any) -> Any:
    """A member with this description, which cannot be called."""
    return Member(None, info, _BREAKER, _LOAD)


def voice(name: str, *languages: str, gender: Any = None) -> Voice:
    """A voice of these languages."""
    return Voice(id=name, name=name, language=languages[0], languages=languages, gender=gender)


def catalogue() -> Catalogue:
    """Three recognisers, a translator from Portuguese to English, and voices of both."""
    recognisers = [
        RecogniserInfo(provider=provider, model=model, languages=("en", "pt"))
        for provider, model in (("first", "base"), ("second", "large"), ("third", "base"))
    ]
    voices = (
        voice("joe", "en", gender="male"),
        voice("amy", "en", gender="female"),
        voice("eva", "en", "pt", gender="female"),
        voice("rui", "pt", gender="male"),
    )
    return Catalogue(
        tuple(member(each) for each in recognisers),
        (member(TranslatorInfo(provider="words", model="w1", pairs=(("pt", "en"),))),),
        (member(SynthesiserInfo(provider="voices", model="v1", voices=voices)),),
    )
