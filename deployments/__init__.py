"""One module per Serve deployment, and what only Ray needs; the engine itself is ``sokuji``."""
