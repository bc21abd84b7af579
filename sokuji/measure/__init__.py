"""Latency of a conversation and recorded speech to measure it with; used by the demo and load_tests."""
