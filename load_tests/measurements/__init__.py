"""Measurements: latency, stage times, machine usage, words and their statistics."""
