"""Providers: one file each, resolved by name through ``registry``."""
