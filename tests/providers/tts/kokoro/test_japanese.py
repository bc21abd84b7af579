"""Kokoro reads Japanese as it is written every day, and says so where it cannot."""

import json
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji import models
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from sokuji.config import KokoroConfig
from sokuji.contract import RecognitionRequest, SynthesisRequest, Transcript
from sokuji.errors import UnsupportedLanguage
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.tts.kokoro import japanese
from sokuji.providers.tts.kokoro.provider import MODEL, Kokoro
from sokuji.providers.tts.phrase_splitting import speakable_text, split_phrases
from sokuji.text.spoken.spoken_form import spoken_form
from tests.support.text_similarity import character_error_rate

READER = japanese.JapaneseReader()
MARKS = "、。！？…「」"
VOCABULARY = json.loads((models.locate("kokoro", MODEL) / "vocab.json").read_text("utf-8"))["vocab"]


def spoken(text: str) -> str:
    """What is read of the spoken form, without the gaps between phrases."""
    return "".join(READER.read(speakable_text(spoken_form(text, "ja"))).split())


@pytest.mark.parametrize(
    ("text", "kana"),
    [
        ("明日の朝、駅前で友達と会う。", "あしたのあさ、えきまえでともだちとあう。"),
        ("週末は家族と海に行きます。", "しゅうまつはかぞくとうみにいきます。"),
        ("東京へ行きましょう！", "とうきょうへいきましょう！"),
    ],
)
def test_kanji_are_read_like_their_kana(text: str, kana: str) -> None:
    assert japanese.phonemize(spoken(text)) == japanese.phonemize(spoken(kana))


@pytest.mark.parametrize(
    ("text", "kana"),
    [
        ("私は学校へ。", "ワタシワガッコーエ。"),
        ("今日、今年、大人", "キョー、コトシ、オトナ"),
        ("12345円", "イチマンニセンサンビャクヨンジューゴエン"),
        ("3本、6本、8本", "サンボン、ロッポン、ハッポン"),
        ("2024年11月20日", "ニセンニジューヨネンジューイチガツハツカ"),
        ("10:30に", "ジュージサンジュップンニ"),
        ("3〜5日", "サンカライツカ"),
        ("¥1,500と$20", "センゴヒャクエントニジュードル"),
        ("-5度、38.5度", "マイナスゴド、サンジューハッテンゴド"),
        ("100%", "ヒャクパーセント"),
        ("NHKとCD", "エヌエイチケイトシーディー"),
        ("Googleのexample.com", "グーグルノエグザンプルドットコム"),
        ("GitHubで", "GitHubデ"),
        ("ﾃﾞｨｽﾞﾆｰ", "ディズニー"),
    ],
)
def test_numbers_dates_and_latin_letters_are_read(text: str, kana: str) -> None:
    assert spoken(text) == kana


@pytest.mark.parametrize(
    ("kana", "symbols"),
    [
        ("キョー、キップ。", "kʲoː, kʲiʔpɯ."),
        ("シンブン サンカイ コンニャク ミンナ ホン", "ɕimbɯɴ saŋkai koɲɲakɯ mʲinna hoɴ."),
        ("ファイル ティー ヴァン", "ɸaiɾɯ tʲiː vaɴ."),
        ("Paris デ！", "pˈæɹɪs de!"),
        ("「ハイ」 ト…", "“hai” to…"),
        ("エ？", "e?"),
        ("。", ""),
        ("", ""),
    ],
)
def test_kana_become_the_symbols_of_the_model(kana: str, symbols: str) -> None:
    assert japanese.phonemize(kana) == symbols


def test_punctuation_is_kept_for_the_pauses() -> None:
    read = READER.read("雨です。でも、「行く」と言った！本当？")
    assert [mark for mark in read if mark in MARKS] == list("。、「」！？")
    split = split_phrases(read, first=200, longest=200)
    assert [phrase.text[-1] for phrase in split] == ["。", "！", "？"]


def test_a_long_sentence_is_cut_between_accent_phrases() -> None:
    read = READER.read("電車が遅れているので少し遅刻するかもしれませんが先に始めてください。")
    words = {word.strip("、。,") for word in read.split()}
    split = split_phrases(read, first=26, longest=60)
    assert len(split) >= 3
    assert {word.strip("、。,") for phrase in split for word in phrase.text.split()} == words


@pytest.mark.parametrize("text", ["あ" * 9_000, "漢字" * 4_000, "1" * 5_000, "！" * 5_000, "𠮷" * 3_000])
def test_texts_beyond_the_buffers_of_openjtalk_are_read_completely(text: str) -> None:
    read = spoken(text + "。おわり")
    assert read.endswith("オワリ")
    assert len(read.removesuffix("オワリ")) >= (len(text) if text[0] in "あ漢1" else 1)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    for phrase in split_phrases(READER.read(speakable_text(text)), first=26, longest=120):
        assert re.fullmatch(r"[^ァ-ヶー]*", japanese.phonemize(phrase.text))


def test_all_symbols_are_known_to_the_model() -> None:
    every = "".join(map(chr, range(ord("ァ"), ord("ヶ") + 1)))
    glides = "".join(
        kana + small for kana in "キギシジチニヒビピミリフツテデウクグヴ" for small in "ァィェォャュョ"
    )
    assert set(japanese.phonemize(f"{every} {glides} ン{MARKS}")) <= VOCABULARY.keys()


async def test_speech_is_recognised_much_like_the_text_that_was_spoken(
    kokoro: Kokoro, whisper: FasterWhisper
) -> None:
    text = "新しい電話を買いたいです。会議は3月15日の2時から始まります。"
    chunks = [chunk async for chunk in kokoro.synthesize(SynthesisRequest(text=text, language="ja"))]
    pcm = resample(b"".join(chunk.pcm for chunk in chunks), chunks[0].sample_rate, RECOGNISER_RATE)
    (heard,) = await whisper.transcribe([RecognitionRequest(pcm=pcm, language="ja")])
    assert isinstance(heard, Transcript)
    # Whisper writes the same sounds with other kanji now and then.
    assert character_error_rate(spoken(text), spoken(heard.text)) <= 0.15


@pytest.mark.models
async def test_without_its_reader_kokoro_speaks_no_japanese_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "pyopenjtalk", None)
    caplog.set_level("INFO", "sokuji")
    kokoro = Kokoro(KokoroConfig())
    try:
        await kokoro.load()
        assert all("ja" not in voice.languages for voice in (await kokoro.describe()).voices)
        with pytest.raises(UnsupportedLanguage, match="accepted: en, es, fr, hi, it, pt"):
            await anext(kokoro.synthesize(SynthesisRequest(text="はい。", language="ja")))
    finally:
        await kokoro.aclose()
    assert "sokuji-bridge[kokoro-ja]" in caplog.text
