"""Scenarios: what is spoken, in how many sessions at once, and to which system."""
