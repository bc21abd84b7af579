"""Recordings of sessions for an operator who looks for the cause of something (docs/debugging.md)."""
