"""Sound cards by PortAudio, of which there is none here: a module in its place records how it is called."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from sokuji.cli.live.sound_device import SoundCard, device_lines
from sokuji.errors import ConfigError


class FakeStream:
    """A stream that is given by keywords."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def __enter__(self) -> "FakeStream":
        return self

    def __exit__(self, *failure: object) -> None:
        if "finished_callback" in self.options:
            self.options["finished_callback"]()


class FakePortAudio(ModuleType):
    """``sounddevice`` with two devices that have the given rates."""

    PortAudioError = type("PortAudioError", (Exception,), {})

    def __init__(self, *rates: int) -> None:
        super().__init__("sounddevice")
        self.rates = rates
        self.streams: list[FakeStream] = []
        self.default = SimpleNamespace(device=(0, 1))

    def query_devices(self, device: object = None, kind: str | None = None) -> Any:
        if kind is not None:
            return {"default_samplerate": float(self.rates[0])}
        return [
            {"name": "Microphone", "max_input_channels": 1, "max_output_channels": 0},
            {"name": "Loudspeaker", "max_input_channels": 0, "max_output_channels": 2},
        ]

    def check_input_settings(self, device: object, samplerate: int, **options: object) -> None:
        if device == "nobody":
            raise ValueError("No input device matching 'nobody'")
        if samplerate not in self.rates:
            raise self.PortAudioError("Invalid sample rate")

    check_output_settings = check_input_settings

    def RawInputStream(self, **options: Any) -> FakeStream:
        self.streams.append(FakeStream(**options))
        return self.streams[-1]

    RawOutputStream = RawInputStream


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    module = FakePortAudio(48_000)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def test_devices_are_listed_with_what_selects_them(fake: FakePortAudio) -> None:
    assert device_lines() == ["  0  Microphone: input (default)", "  1  Loudspeaker: output (default)"]


def test_a_device_is_used_at_its_own_rate_if_it_has_no_other(fake: FakePortAudio) -> None:
    heard = bytearray()
    with SoundCard("1", "Loud").open(heard.extend, lambda samples: b"\1\0" * samples, lambda: None):
        microphone, loudspeaker = (stream.options for stream in fake.streams)
        assert (microphone["device"], loudspeaker["device"]) == (1, "Loud")
        assert microphone["samplerate"] == loudspeaker["samplerate"] == 48_000
        for _ in range(10):
            microphone["callback"](bytes(2 * 4_800), 4_800, None, None)
        data = bytearray(2 * 480)
        for _ in range(5):
            loudspeaker["callback"](data, 480, None, None)
    assert len(heard) == pytest.approx(2 * 16_000, rel=0.01)
    assert data == b"\1\0" * 480


def test_the_rates_of_the_service_are_taken_where_a_device_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakePortAudio(16_000, 24_000)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    lost: list[bool] = []
    with SoundCard(None, None).open(lambda pcm: None, lambda samples: b"", lambda: lost.append(True)):
        assert [stream.options["samplerate"] for stream in fake.streams] == [16_000, 24_000]
        assert fake.streams[0].options["device"] is None
    assert lost


def test_no_loudspeaker_is_opened_where_nothing_is_played(fake: FakePortAudio) -> None:
    with SoundCard(None, None).open(lambda pcm: None, None, lambda: None):
        assert len(fake.streams) == 1


def test_a_device_that_is_not_there_is_an_error_that_says_where_they_are_listed(fake: FakePortAudio) -> None:
    with (
        pytest.raises(ConfigError, match=r"No input device matching 'nobody'; see --list-devices"),
        SoundCard("nobody", None).open(lambda pcm: None, None, lambda: None),
    ):
        pass


def test_without_the_package_or_portaudio_an_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(ConfigError, match=r"pip install 'sokuji-bridge\[live\]'"):
        device_lines()
    monkeypatch.delitem(sys.modules, "sounddevice")
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError, match="apt install libportaudio2"):
        device_lines()
