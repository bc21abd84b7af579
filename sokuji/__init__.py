"""The speech-to-speech translation engine: a plain Python library that knows nothing of Ray."""

from importlib.metadata import version

__version__ = version("sokuji-bridge")
