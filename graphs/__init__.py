"""Wiring only: which deployments make up an application."""
