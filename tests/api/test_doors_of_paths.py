"""Which door a path belongs to, whatever characters a request puts into it."""

import pytest

from sokuji.api.doors import Door, door_of


@pytest.mark.parametrize(
    ("path", "door"),
    [
        ("/api/v1/info", "bridge"),
        ("/v1/models/a", "openai"),
        ("/v1/models/a\nb", "openai"),
        ("/api/v1/\r\n", "bridge"),
        ("/download_file/a\n/b\x85", "libretranslate"),
        ("/translate", "libretranslate"),
        ("/translate/a", "service"),
        ("/health", "service"),
    ],
)
def test_the_door_of_a_path(path: str, door: Door) -> None:
    assert door_of(path) == door
