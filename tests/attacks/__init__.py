"""Clients that mean harm, against the whole API on a socket, beside a conversation that must not notice."""
