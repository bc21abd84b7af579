"""Subtitles: from texts and the times of their words to cues, and to SubRip and WebVTT files. Pure."""
