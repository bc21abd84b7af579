"""``sokuji transcribe``, ``translate`` and ``speak``, with models here or with a running service."""
