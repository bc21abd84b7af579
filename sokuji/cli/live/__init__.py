"""``sokuji live``: what is said into a microphone comes out of a loudspeaker in another language."""
