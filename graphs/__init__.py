"""The applications: which deployments each consists of, and how they are connected."""
