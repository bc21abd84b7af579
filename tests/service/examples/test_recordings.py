"""The examples that read a file: a recording, two people, a video, and a recording in Node.js."""

import shutil
import sys
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
import webvtt

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from tests.clients.checks import check_meaning
from tests.service.examples.conftest import EXAMPLES, PORTUGUESE, PROJECT, SENTENCE, Run, check_file
from tests.support.programs import finished
from tests.support.text_similarity import word_error_rate


async def test_a_recording_is_translated_and_spoken(
    http: httpx.AsyncClient, run: Run, recording: Path, tmp_path: Path
) -> None:
    done = await run(
        "translate_file.py", str(recording), "--from", "pt", "--to", "en", "--output", "voice.wav"
    )
    said, meant = (line.split("  ", 1)[1].strip() for line in done.output.strip().splitlines())
    assert word_error_rate(SENTENCE["pt"], said, "pt") < 0.3
    check_meaning(meant)
    await check_file(http, meant, tmp_path / "voice.wav")


@pytest.mark.parametrize(
    ("example", "arguments", "complaint"),
    [
        ("translate_file.py", ("missing.wav",), "No such file"),
        ("translate_file.py", ("deep.wav",), "24 bits a sample; accepted: 16"),
        ("two_people.py", ("bytes.wav",), "does not start with RIFF"),
        ("two_people.py", ("talk.wav", "--languages", "pt", "klingon"), "is not a known language"),
    ],
)
async def test_what_cannot_be_translated_ends_the_program_with_one_line(
    address: str, recording: Path, example: str, arguments: tuple[str, ...], complaint: str
) -> None:
    (recording.parent / "bytes.wav").write_bytes(b"not a recording")
    header = wav_bytes(bytes(48), RECOGNISER_RATE)
    (recording.parent / "deep.wav").write_bytes(header[:32] + bytes([3, 0, 24, 0]) + header[36:])
    command = (sys.executable, str(EXAMPLES / example), *arguments, "--url", f"http://{address}")
    done = await finished(*command, cwd=recording.parent, variables=PROJECT)
    assert (done.code, done.complaints.count("\n")) == (1, 1)
    assert done.complaints.startswith("error: ")
    assert complaint in done.complaints


async def test_two_people_hear_each_other_in_their_own_languages_and_never_themselves(
    http: httpx.AsyncClient, run: Run, dialogue: bytes, tmp_path: Path
) -> None:
    (tmp_path / "dialogue.wav").write_bytes(wav_bytes(dialogue, RECOGNISER_RATE))
    done = await run("two_people.py", "dialogue.wav", "--languages", "pt", "en")
    portuguese, to_english, english, to_portuguese = done.output.strip().splitlines()
    assert portuguese.startswith("pt: ")
    assert to_english.startswith("    -> en: ")
    check_meaning(to_english)
    assert english.startswith("en: ")
    assert word_error_rate(SENTENCE["en"], english.removeprefix("en: "), "en") == 0
    assert to_portuguese.startswith("    -> pt: ")
    assert word_error_rate(SENTENCE["pt"], to_portuguese.split(": ")[1], "pt") < 0.5
    await check_file(http, to_english.split(": ")[1], tmp_path / "dialogue-en.wav")
    answer = await http.post(
        "/api/v1/stt/transcribe",
        files={"audio_file": (tmp_path / "dialogue-pt.wav").read_bytes()},
        data={"language": "auto", "source_languages": "pt,en"},
    )
    assert answer.json()["language"] == "pt"


def video(path: Path) -> None:
    """Three seconds of a moving picture, and the Portuguese sentence."""
    with av.open(str(path), "w") as output:
        picture = output.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        sound = output.add_stream("aac", rate=RECOGNISER_RATE, layout="mono")
        for shade in range(40):
            image = np.full((64, 64, 3), 6 * shade, np.uint8)
            output.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        output.mux(picture.encode(None))
        samples = np.frombuffer(PORTUGUESE, "<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RECOGNISER_RATE
        output.mux(sound.encode(frame))
        output.mux(sound.encode(None))


async def test_a_video_gets_subtitles_beside_it_and_in_a_copy(run: Run, tmp_path: Path) -> None:
    video(tmp_path / "talk.mp4")
    options = ("--from", "pt", "--to", "en")
    done = await run("video_subtitles.py", "talk.mp4", *options, "--into", "subtitled.mkv")
    assert done.output.split() == ["talk.en.srt", "subtitled.mkv"]
    text = " ".join(cue.text for cue in webvtt.from_srt(str(tmp_path / "talk.en.srt")).captions)
    check_meaning(text)
    with av.open(str(tmp_path / "subtitled.mkv")) as copy:
        assert [stream.type for stream in copy.streams] == ["video", "audio", "subtitle"]
        (track,) = copy.streams.subtitles
        assert track.language == "en"
        shown = [bytes(packet).decode() for packet in copy.demux(track) if packet.size]
    assert " ".join(shown).split() == text.split()
    with av.open(str(tmp_path / "subtitled.mkv")) as copy:
        assert len(list(copy.decode(video=0))) == 40

    done = await run("video_subtitles.py", "talk.mp4", *options, "--format", "vtt")
    assert " ".join(cue.text for cue in webvtt.read(str(tmp_path / "talk.en.vtt")).captions) == text


async def test_a_recording_is_translated_in_node_without_a_package(
    http: httpx.AsyncClient, address: str, recording: Path
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    voice = recording.with_name("voice.wav")
    # Node.js 20 has the WebSocket behind this flag, and 22 without.
    command = (node, "--experimental-websocket", str(EXAMPLES / "node_client.mjs"))
    variables = {"SOKUJI_URL": f"http://{address}"}
    done = await finished(*command, str(recording), "pt", "en", str(voice), cwd=EXAMPLES, variables=variables)
    assert done.code == 0, done
    said, meant = done.output.strip().splitlines()
    assert word_error_rate(SENTENCE["pt"], said.removeprefix("pt: "), "pt") < 0.3
    check_meaning(meant)
    await check_file(http, meant.removeprefix("    -> en: "), voice)

    done = await finished(*command, str(EXAMPLES / "README.md"), cwd=EXAMPLES, variables=variables)
    assert done.code == 1
    assert "is no WAV file" in done.complaints
