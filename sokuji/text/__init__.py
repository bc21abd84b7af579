"""Text in the languages people speak: stable words, clauses, sentences, punctuation and glossaries."""
