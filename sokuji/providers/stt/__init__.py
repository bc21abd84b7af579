"""Speech-to-text providers.

Shared: ``cloud_recogniser`` and ``cloud_transcript`` (recognisers that call a service), ``text_cleanup``.
"""
