"""Tests of the engine: no Ray."""
