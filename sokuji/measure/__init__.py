"""Latency of a conversation, and recorded speech to measure it with: for the demo and for load_tests."""
