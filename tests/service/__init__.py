"""Tests of the API on a real Serve instance."""
