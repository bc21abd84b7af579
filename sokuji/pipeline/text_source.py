"""From which language a text is translated, where its writer does not say so."""

import asyncio

from sokuji.languages import AUTO
from sokuji.pipeline.catalogue import Catalogue
from sokuji.text.language_identification import ProbableLanguage, probable_languages


async def probable_source(text: str, catalogue: Catalogue, target: str) -> ProbableLanguage:
    """The language of a text among those that can be translated to ``target``, and that itself.

    Raises:
        UnsupportedLanguage: nothing is translated to ``target``.
    """
    sources = catalogue.text_sources.get(target, [])
    if not sources:
        catalogue.check_text_pair(AUTO, target)
    # The first of equals: a text that says nothing stays as it is.
    return (await asyncio.to_thread(probable_languages, text, [target, *sources]))[0]
