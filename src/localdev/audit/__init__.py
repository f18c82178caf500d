"""The journal of what was done, and the guard that refuses connections beyond loopback."""
