"""Decodes the files of others in processes that the kernel bounds.

A file decides what FFmpeg does: a few kilobytes can ask for gigabytes or for minutes of computation, and an
error in one of a hundred demuxers and decoders may end the process or run what the file contains. So:

- ``Decoders`` (``pool``) keeps a few processes warm and gives each upload one of its own for as long as it is
  decoded. It is the only part that others use.
- ``DecoderProcess`` (``process``) is one of them, seen from the gateway: it passes descriptors, waits with a
  deadline, and ends the process if that passes.
- ``worker`` is what runs there; it imports PyAV, NumPy and ``decoding``, nothing else of the service.
- ``bounds`` and ``system_calls`` are what it may not do.
- ``messages`` is what the two say to each other.
"""
