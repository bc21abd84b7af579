"""The messages and services of the gRPC door (docs/grpc.md).

Package names, names and numbers of ``sokuji.common``, ``stt``, ``translation`` and ``tts`` are those of the
original Sokuji-Bridge, whose clients have them compiled in: they never change. ``make proto`` generates the
Python modules from the ``.proto`` files.
"""
