"""Text-to-speech providers.

Shared by all: ``voice_selection``, ``phrase_splitting``, ``resampled_output``. By the models that run on this
machine: ``scheduling``, ``hold_back``, ``waveform_chunks``, ``postprocessing``, ``espeak``. By the services:
``speech_stream``.
"""
