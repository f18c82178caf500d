"""Sizes as people read them."""

from __future__ import annotations

import pytest

from localdev.core.sizes import scaled, sized


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_600, "1 MB"),
        (4_557_536, "5 MB"),
        (284_000_000, "284 MB"),
        (999_400_000, "999 MB"),
        (999_600_000, "1.0 GB"),
        (1_234_000_000, "1.2 GB"),
        (65_520_000_000, "65.5 GB"),
    ],
)
def test_sizes(count: int, said: str) -> None:
    """Each unit ends where rounding would write a thousand of it."""
    assert sized(count) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0"), (32, "32"), (9_999, "9999"), (32_000, "32 k"), (1_123_712, "1.1 M"), (137e6, "0.1 B"), (7.6e9, "7.6 B")],
)
def test_numbers_of_weights(count: int, said: str) -> None:
    """None is written as 0.0 of anything."""
    assert scaled(int(count)) == said
