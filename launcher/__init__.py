"""Starts, stops and profiles the service on this machine, from outside of Ray."""
