"""By what a line of a log, a span and a request that leaves the service are found again: ids, never words."""
