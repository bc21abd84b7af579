"""Text clean-up shared by all recognisers. Pure."""


def normalise_spaces(text: str) -> str:
    """``text`` with single spaces between words and none at the ends."""
    return " ".join(text.split())
