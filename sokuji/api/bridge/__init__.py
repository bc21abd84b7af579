"""The bridge's own API, version 1: REST and WebSocket."""
