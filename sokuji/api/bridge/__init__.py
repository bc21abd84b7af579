"""The bridge's own door: REST and WebSocket API, version 1."""
