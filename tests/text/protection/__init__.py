"""Tests of what a translation must not change."""
