"""Keeps what a translation must not change: numbers, amounts, times, codes, addresses, markup, signs, names
in another script, and the terms of a glossary.

``spans`` finds these parts of a text and knows how each is written in the target language. ``translation``
accepts a translation only if it holds all of them and no others (``verification``), and otherwise translates
the words around them (``stand_ins``).
"""
