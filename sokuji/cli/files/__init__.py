"""Commands over lists of files: what they are given, what they write, and how they go through the list."""
