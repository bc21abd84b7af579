"""Providers that tell speakers apart: who speaks when in a piece of audio, and what each voice is like.

One folder or file per provider, named like it.
"""
