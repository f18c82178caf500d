"""Wiring: turns settings into concrete things and runs jobs in this process."""
