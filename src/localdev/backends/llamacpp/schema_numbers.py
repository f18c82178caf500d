"""Grammar rules for numbers within limits, digit by digit."""

from __future__ import annotations

import math
from collections.abc import Mapping

MOST = 10**15 - 1  # fifteen digits are exact in every reader of JSON; open limits end here
_FRACTION = '"." [0-9]{0,5} [1-9]'  # never zero, so that the number lies strictly between two whole ones


def integer_rule(limits: Mapping[str, float]) -> str:
    """Give the whole numbers within `minimum`, `maximum` and their exclusive forms.

    Raises:
        ValueError: there are none, or one has more than 15 digits.
    """
    least = max(
        -MOST, math.ceil(limits.get("minimum", -MOST)), math.floor(limits.get("exclusiveMinimum", -MOST - 1)) + 1
    )
    most = min(MOST, math.floor(limits.get("maximum", MOST)), math.ceil(limits.get("exclusiveMaximum", MOST + 1)) - 1)
    if least > most:
        raise ValueError("no whole number of at most 15 digits is within the limits")
    return " | ".join(_signed(least, most))


def number_rule(limits: Mapping[str, float]) -> str:
    """Give numbers within the same limits, which must be whole here, with up to six digits behind the point.

    Raises:
        ValueError: a limit is not whole, or nothing is within them.
    """
    if any(value != math.floor(value) for value in limits.values()):
        raise ValueError("a limit of a number that is not whole")
    low = int(max(limits.get("minimum", -MOST), limits.get("exclusiveMinimum", -MOST)))
    high = int(min(limits.get("maximum", MOST), limits.get("exclusiveMaximum", MOST)))
    parts = []
    try:
        parts.append(integer_rule(limits))
    except ValueError:
        if low >= high:
            raise
    if high > max(low, 0):  # k and a fraction lie between k and k + 1
        parts.append(f"({' | '.join(_digits(max(low, 0), high - 1))}) {_FRACTION}")
    if low < min(high, 0):
        parts.append(f'"-" ({" | ".join(_digits(max(-high, 0), -low - 1))}) {_FRACTION}')
    return " | ".join(parts)


def _signed(least: int, most: int) -> list[str]:
    """Give alternatives for `least` to `most`."""
    found = []
    if least < 0:
        found.append(f'"-" ({" | ".join(_digits(max(1, -most), -least))})')
    if most >= 0:
        found.extend(_digits(max(0, least), most))
    return found


def _digits(least: int, most: int) -> list[str]:
    """Give alternatives for numbers that are not negative, by their number of digits."""
    found = []
    for length in range(len(str(least)), len(str(most)) + 1):
        low = max(least, 10 ** (length - 1) if length > 1 else 0)
        found.extend(_same_length(str(low), str(min(most, 10**length - 1))))
    return found


def _same_length(low: str, high: str) -> list[str]:
    """Give alternatives for `low` to `high`, which have as many digits."""
    if not low:
        return ['""']
    rest = len(low) - 1
    if low[1:] == "0" * rest and high[1:] == "9" * rest:
        return [_class(low[0], high[0]) + (f" [0-9]{{{rest}}}" if rest else "")]
    if low[0] == high[0]:
        return [f'"{low[0]}" ({" | ".join(_same_length(low[1:], high[1:]))})']
    first, last = int(low[0]), int(high[0])
    found = []
    if low[1:] != "0" * rest:
        found.append(f'"{low[0]}" ({" | ".join(_same_length(low[1:], "9" * rest))})')
        first += 1
    ends = high[1:] != "9" * rest
    if ends:
        last -= 1
    if first <= last:
        found.append(f"{_class(str(first), str(last))} [0-9]{{{rest}}}")
    if ends:
        found.append(f'"{high[0]}" ({" | ".join(_same_length("0" * rest, high[1:]))})')
    return found


def _class(low: str, high: str) -> str:
    """Give a class of digits."""
    return f"[{low}-{high}]" if low != high else f'"{low}"'
