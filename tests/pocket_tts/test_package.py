"""What is written down here of the package, against the package."""

from pocket_tts.default_parameters import get_default_voice_for_language
from pocket_tts.utils.utils import _ORIGINS_OF_PREDEFINED_VOICES, get_predefined_voice

from sokuji.languages import LANGUAGES
from sokuji.models import pocket_tts
from sokuji.models.table import POCKET_TTS_REPOSITORY


def test_voices_and_their_commit_are_those_of_the_package() -> None:
    assert pocket_tts.VOICES.keys() == _ORIGINS_OF_PREDEFINED_VOICES.keys()
    for name in pocket_tts.descriptions():
        model = pocket_tts.hub_model(name)
        assert model is not None
        for voice in pocket_tts.VOICES:
            path = f"languages/{name}/embeddings/{voice}.safetensors"
            assert path in (*model.required, *model.optional)
            source = f"hf://{POCKET_TTS_REPOSITORY}/{path}@{model.revisions[path]}"
            assert get_predefined_voice(name, voice) == source


def test_every_published_model_has_a_language_weights_a_tokenizer_and_the_packages_default_voice() -> None:
    names = pocket_tts.descriptions()
    assert {"english", "french_24l", "english_2m_2026-10"} <= names.keys()
    for name in names:
        language = pocket_tts.language_of(name)
        assert language is not None
        assert language in LANGUAGES
        assert pocket_tts.default_voice(language) == get_default_voice_for_language(name)
        model = pocket_tts.hub_model(name)
        assert model is not None
        kinds = [path.rpartition(".")[2] for path in model.required]
        assert kinds[0] == kinds[2] == "safetensors"
        assert kinds[1] in ("json", "model")
