"""The page in Chromium, with real speech in its microphone and the real service behind it."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import webvtt
from playwright.async_api import WebSocketRoute, expect

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from tests.support.browser import CHROMIUM, NO_CHROMIUM
from tests.support.browser.live_page import live_page
from tests.support.speech import noise, reference, sample
from tests.support.text_similarity import word_error_rate

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
COUNTING = "One, two, three, four, five, six, seven, eight, nine, ten."
SAID = reference("pt", "contagem")
Microphone = Callable[..., Path]
# Microphone and loudspeaker stand in one room: what the page plays is heard by what it listens to.
ROOM = """
const room = new AudioContext();
const air = room.createMediaStreamDestination();
const distance = new GainNode(room, { gain: 0.3 });
distance.connect(air);
const { getUserMedia } = MediaDevices.prototype;
MediaDevices.prototype.getUserMedia = async function (constraints) {
  room.createMediaStreamSource(await getUserMedia.call(this, constraints)).connect(air);
  return air.stream;
};
const loudspeakers = new Map();
const { connect } = AudioNode.prototype;
AudioNode.prototype.connect = function (target, ...rest) {
  const { context } = this;
  if (context !== room && target === context.destination) {
    if (!loudspeakers.has(context)) {
      loudspeakers.set(context, context.createMediaStreamDestination());
      room.createMediaStreamSource(loudspeakers.get(context).stream).connect(distance);
    }
    connect.call(this, loudspeakers.get(context));
  }
  return connect.call(this, target, ...rest);
};
"""


@pytest.fixture
def microphone(tmp_path: Path) -> Microphone:
    """Makes a file that is said into the microphone."""

    def said(*parts: bytes) -> Path:
        path = tmp_path / "microphone.wav"
        path.write_bytes(wav_bytes(noise(800) + b"".join(parts) + noise(8_000), RECOGNISER_RATE))
        return path

    return said


@pytest.fixture
def url(address: str) -> str:
    """The address of the page."""
    return f"http://{address}/"


async def test_speech_is_shown_in_two_columns_and_heard_and_kept(
    http: httpx.AsyncClient, url: str, microphone: Microphone
) -> None:
    async with live_page(url, microphone(sample("pt", "contagem"))) as page:
        await page.press("Start talking")
        await expect(page.page.get_by_role("button", name="Stop the voice")).to_be_visible(timeout=30_000)
        await page.until_rows(1)
        await page.until_state("Listening")
        assert await page.focused() == "Stop"
        # The browser's language is that of the speaker: it is translated, not repeated.
        assert await page.columns() == ["Heard", "English"]
        ((heard, translated),) = await page.rows()
        assert word_error_rate(SAID, heard, "pt") <= 0.2
        assert word_error_rate(COUNTING, translated, "en") <= 0.2
        for figure in ("#latency-captions", "#latency-voice"):
            await expect(page.page.locator(figure)).to_contain_text(" s")
        await page.press("Stop")
        await page.until_state("Ready")
        voice = {"audio_file": ("voice.wav", await page.voice())}
        answer = await http.post("/api/v1/stt/transcribe", files=voice, data={"language": "en"})
        assert word_error_rate(translated, answer.json()["text"], "en") <= 0.3
        await page.page.reload()
        await page.until_rows(1)
        assert await page.rows() == [[heard, translated]]
        subtitles = webvtt.from_buffer(io.StringIO(await page.download("English", "WebVTT"))).captions
        assert " ".join(" ".join(cue.text.split()) for cue in subtitles) == translated
        assert "00:00:00.000" <= subtitles[0].start < subtitles[-1].end < "00:00:20.000"
        assert await page.problem() == ""


@pytest.mark.long
async def test_several_languages_stand_side_by_side_and_their_settings_are_kept(
    url: str, microphone: Microphone
) -> None:
    speech = microphone(sample("pt", "contagem"), noise(1_500), sample("en", "quick_brown_fox"))
    async with live_page(url, speech) as page:
        await page.press("+ Add a language")
        await page.page.get_by_label("Voice").select_option(label="None: captions only")
        await page.press("Start talking")
        await page.until_rows(2)
        assert await page.columns() == ["Heard", "English", "Portuguese"]
        (_, english, repeated), (fox, same, portuguese) = await page.rows()
        assert word_error_rate(COUNTING, english, "en") <= 0.2
        assert word_error_rate(SAID, repeated, "pt") <= 0.2
        assert fox == same
        assert "raposa" in portuguese
        # Captions only: a screen reader is told instead.
        await expect(page.page.locator("#spoken")).to_have_text(same)
        assert await page.page.evaluate("played.length") == 0
        saved = json.loads(await page.download("what was heard", "JSON"))
        assert [each["translations"]["pt"] for each in saved["segments"]] == [repeated, portuguese]
        await page.page.reload()
        await page.until_rows(2)
        assert await page.page.locator("#targets select").count() == 2
        assert await page.page.get_by_label("Voice").input_value() == ""


@pytest.mark.long
@pytest.mark.parametrize("voice", ["Default voice", "None: captions only"])
async def test_a_file_is_translated_with_progress(
    http: httpx.AsyncClient, url: str, tmp_path: Path, voice: str
) -> None:
    recording = tmp_path / "counting.wav"
    recording.write_bytes(wav_bytes(sample("pt", "contagem") + noise(500), RECOGNISER_RATE))
    async with live_page(url) as page:
        await page.page.get_by_label("Voice").select_option(label=voice)
        await page.page.get_by_label("Translate a file").set_input_files(recording)
        await expect(page.page.get_by_role("progressbar", name="counting.wav")).to_be_visible()
        assert await page.focused() == "Cancel"
        await page.until_rows(1)
        await page.until_state("Ready")
        await expect(page.page.get_by_label("Translate a file")).to_be_focused()
        ((_, translated),) = await page.rows()
        assert word_error_rate(COUNTING, translated, "en") <= 0.2
        player = page.page.locator("#file-voice")
        if voice != "Default voice":
            await expect(player).to_be_hidden()
            return
        async with page.page.expect_download() as event:
            await player.get_by_text("Save").click()
        download = await event.value
        assert download.suggested_filename == "counting.en.wav"
        saved = await asyncio.to_thread((await download.path()).read_bytes)
        files = {"audio_file": ("voice.wav", saved)}
        answer = await http.post("/api/v1/stt/transcribe", files=files, data={"language": "en"})
        assert word_error_rate(translated, answer.json()["text"], "en") <= 0.3


@pytest.mark.long
async def test_a_file_without_sound_is_refused_and_the_next_one_is_translated(
    url: str, tmp_path: Path
) -> None:
    text, recording = tmp_path / "notes.wav", tmp_path / "counting.wav"
    text.write_text("no sound")
    recording.write_bytes(wav_bytes(sample("pt", "contagem") + noise(500), RECOGNISER_RATE))
    async with live_page(url) as page:
        await page.page.get_by_label("Translate a file").set_input_files(text)
        await expect(page.page.get_by_role("alert")).to_contain_text("finds no sound in notes.wav")
        await page.page.get_by_label("Translate a file").set_input_files(recording)
        await page.until_rows(1)
        assert await page.problem() == ""


@pytest.mark.long
async def test_the_microphone_is_heard_while_it_is_held(url: str, microphone: Microphone) -> None:
    speech = microphone(sample("en", "quick_brown_fox"), noise(2_500), sample("pt", "contagem"))
    async with live_page(url, speech) as page:
        await page.page.get_by_label("Hold to talk").check()
        await page.press("Start talking")
        await page.until_state("Hold to talk")
        # The first sentence passes unheard; the second one is said while the space bar is down.
        await page.page.wait_for_timeout(5_300)
        assert await page.rows() == []
        await page.page.keyboard.down("Space")
        await page.until_state("Hearing you")
        await page.page.wait_for_timeout(4_500)
        await page.page.keyboard.up("Space")
        await page.until_rows(1)
        assert word_error_rate(SAID, (await page.rows())[0][0], "pt") <= 0.3
        assert await page.focused() == "Hold to talk"
        await page.press("End")
        await page.until_state("Ready")
        assert await page.focused() == "Start talking"


@pytest.mark.long
async def test_a_loudspeaker_in_the_microphone_is_noticed(url: str, microphone: Microphone) -> None:
    speech = microphone(sample("pt", "contagem"), noise(4_000), sample("pt", "contagem"))
    async with live_page(url, speech) as page:
        await page.page.add_init_script(ROOM)
        await page.page.reload()
        await page.press("Start talking")
        warning = "The microphone hears the loudspeaker"
        await expect(page.page.get_by_role("alert")).to_contain_text(warning, timeout=40_000)


@pytest.mark.long
async def test_an_overlay_shows_the_captions_of_its_session_alone(url: str, microphone: Microphone) -> None:
    async with live_page(url, microphone(sample("pt", "contagem"))) as page:
        await page.press("Start talking")
        link = page.page.get_by_role("link", name="Open the captions overlay")
        await expect(link).to_be_visible()
        shown, other, refused = [await page.page.context.new_page() for _ in range(3)]
        await shown.goto(f"{await link.get_attribute('href')}&show=source,en")
        await other.goto(f"{url}overlay?session={'0' * 32}")
        await refused.goto(f"{url}overlay?size=1000")
        await expect(refused.locator("p")).to_have_text('"size" must be 12 to 200, in pixels')
        await page.page.bring_to_front()
        await page.until_rows(1)
        ((heard, translated),) = await page.rows()
        assert await shown.locator("p").all_inner_texts() == [heard, translated]
        assert await other.locator("p").count() == 0
        # It goes after a while.
        await expect(shown.locator("p")).to_have_count(0, timeout=15_000)


@pytest.mark.long
async def test_a_conversation_goes_on_after_its_connection_was_lost(url: str, microphone: Microphone) -> None:
    speech = microphone(sample("pt", "contagem"), noise(1_500), sample("pt", "pangrama"))
    async with live_page(url, speech) as page:
        connections = list[WebSocketRoute]()

        def connect(socket: WebSocketRoute) -> None:
            connections.append(socket)
            socket.connect_to_server()

        await page.page.route_web_socket("**/api/v1/ws/translate", connect)
        await page.press("Start talking")
        await expect(page.page.locator("#rows li")).to_have_count(1, timeout=30_000)
        await connections[0].close(code=1012, reason="the replica restarts")
        await page.until_rows(2)
        first, second = await page.rows()
        assert word_error_rate(SAID, first[0], "pt") <= 0.2
        assert word_error_rate(COUNTING, first[1], "en") <= 0.2
        assert word_error_rate(reference("pt", "pangrama"), second[0], "pt") <= 0.4
        assert len(connections) == 2
