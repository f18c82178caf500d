"""Sizes as people read them."""

from __future__ import annotations

import pytest

from localdev.core.sizes import sized


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
