"""Load tests: scenarios that are spoken to a system, measurements of it, and reports."""
