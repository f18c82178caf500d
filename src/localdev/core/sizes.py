"""How numbers of bytes, of weights and of things are written for people, in one way everywhere."""

from __future__ import annotations


def sized(count: float) -> str:
    """Give bytes in decimal units: `1.2 GB`, `284 MB`, `5 kB`, `12 bytes`; gigabytes alone have a decimal place."""
    if count >= 999.5e6:
        return f"{count / 1e9:.1f} GB"
    if count >= 999.5e3:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e3:.0f} kB" if count >= 1000 else f"{count:.0f} bytes"


def scaled(count: int) -> str:
    """Give a number of weights as models are named by it: `7.6 B`, `1.1 M`, `32 k`, `512`."""
    if count >= 1e8:
        return f"{count / 1e9:.1f} B"
    if count >= 1e5:
        return f"{count / 1e6:.1f} M"
    return f"{count / 1e3:.0f} k" if count >= 1e4 else f"{count}"


def counted(number: int, noun: str) -> str:
    """Give `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
