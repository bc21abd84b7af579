"""The ``sokuji`` command line."""
