"""Credentials in added lines."""
