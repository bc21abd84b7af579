"""The speech-to-speech translation engine: a plain Python library that does not depend on Ray."""

from importlib.metadata import version

__version__ = version("sokuji-bridge")
