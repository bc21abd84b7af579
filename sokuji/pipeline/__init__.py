"""Recognition, translation and synthesis of utterances, with fallback between the providers of a stage."""
