"""The APIs of the service. Each is a package, a door: it maps wire messages to session calls and back."""
