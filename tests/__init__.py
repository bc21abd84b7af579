"""Tests of the engine, of the API, and what they share."""
