"""The same value may be written in many ways; another value is another value."""

import pytest

from load_tests.measurements.heard_values import hears_value


@pytest.mark.parametrize(
    ("language", "written", "heard"),
    [
        ("en", "The train leaves at 12:01.", "The train leaves at 12.01"),
        ("en", "Henry VIII had six wives.", "Henry the 8th had 6 wives."),
        ("en", "It costs $1,299.99.", "it costs one thousand two hundred ninety nine dollars and 99 cents"),
        ("en", "Call 555-0123 now.", "Call 5550123 now!"),
        ("en", "We drive at 80 km/h here.", "We dryve at 80 kilometers per hour here."),
        ("pt", "O filme começa às 19h45.", "O filme começa às 19:45."),
        ("pt", "Havia 200 pessoas.", "Havia duzentas pessoas."),
        ("it", "Il totale è 8.970.118 esatto.", "Il totale e 8 milioni 970.118 esatto"),
        ("fr", "Il y en a 71.", "Il y en a soixante et onze."),
        ("es", "Vive en el 3er piso.", "Vive en el tercer piso."),
    ],
)
def test_a_value_is_heard_however_it_is_written(language: str, written: str, heard: str) -> None:
    assert hears_value(written, heard, language)


@pytest.mark.parametrize(
    ("language", "written", "heard"),
    [
        ("en", "The train leaves at 12:01.", "The train leaves at 12:10."),
        ("en", "Henry VIII had six wives.", "Henry Roman 8 had six wives."),
        ("en", "It costs $1,299.99.", "It costs $1,299."),
        ("en", "It costs €5.", "It costs €15."),
        ("pt", "Desde 2004 moramos aqui.", "Desde 2014 moramos aqui."),
        ("it", "Oggi ho corso 10 km.", "Oggi ho corso 6 km."),
        ("en", "Dr. Smith is here.", "Docker is near."),
        ("en", "We have 42 apples.", ""),
    ],
)
def test_another_value_is_not_accepted(language: str, written: str, heard: str) -> None:
    assert not hears_value(written, heard, language)
