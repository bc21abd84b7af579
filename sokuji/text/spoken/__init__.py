"""Text as it is spoken: ``spoken_form`` is the entry, ``lexicons`` holds the words of each language."""
