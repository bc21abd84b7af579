"""One conversation: audio in, events out."""
