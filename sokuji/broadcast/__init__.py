"""Broadcasts: a session whose events any number of listeners get, whichever gateway they are connected to."""
