"""One module per Serve deployment, and the code that depends on Ray; the engine itself is ``sokuji``."""
