"""The door for clients of LibreTranslate: text, texts and files to translate, and the language of a text.

Paths, fields and answers follow its API documentation (https://docs.libretranslate.com/api/, read on
2026-11-30).
"""
