"""Piper: VITS voices."""
