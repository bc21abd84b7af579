"""Starts the service on this machine: environment, preflight checks, ``serve run`` and its orderly end."""
