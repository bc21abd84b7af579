"""A Ray cluster of several nodes on one machine, each with a network namespace of its own."""
