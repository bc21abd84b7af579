"""The doors: wire messages to Session calls and Session events to wire messages, nothing else."""
