"""A function that asks for other arguments than before while callers stay as they were."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.places import is_vendored
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.signature.callers import Callers, Use
from localdev.rules.signature.parameters import Signature, fits, signatures
from localdev.rules.signature.results import takes
from localdev.rules.words import words

_LANGUAGES = words(
    """
    python javascript typescript tsx go rust java c cpp c_sharp ruby php
    """
)
_NAMED = 3


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Look at each function whose parameters changed."""
    callers: Callers | None = None
    for file in change.files:
        if file.partial or not file.added or not file.change.old_path or file.language not in _LANGUAGES:
            continue
        if is_vendored(file.path) or file.old_syntax is None or file.new_syntax is None:
            continue
        for old, new in _changed(file):
            callers = callers or Callers(change)
            yield from _look(change, file, old, new, callers=callers)


def _changed(file: ChangedFile) -> Iterator[tuple[Signature, Signature]]:
    """Give the functions whose parameters are others than before; those of one name cannot be told apart."""
    before = _alone(signatures(file.old_syntax) if file.old_syntax else ())
    after = _alone(signatures(file.new_syntax) if file.new_syntax else ())
    for key, new in after.items():
        old = before.get(key)
        if (
            old is not None
            and (_shape(old), old.results) != (_shape(new), new.results)
            and file.touched(new.line, new.end_line)
        ):
            yield old, new


def _alone(found: tuple[Signature, ...]) -> dict[tuple[str, str], Signature]:
    """Give signatures by owner and name, those alone that no other shares."""
    count = Counter((each.owner, each.name) for each in found)
    return {(each.owner, each.name): each for each in found if count[each.owner, each.name] == 1}


def _shape(signature: Signature) -> tuple[tuple[str, bool, str], ...]:
    """Give what callers have to know of a signature."""
    return tuple((each.name, each.required, each.kind) for each in signature.parameters)


def _look(
    change: ReviewedChange, file: ChangedFile, old: Signature, new: Signature, *, callers: Callers
) -> Iterator[Found]:
    """Find the callers that fitted before and do not now."""
    moved = _reordered(old, new)
    left: list[Use] = []
    for use in callers.uses(new, file.path, file.language):
        if not fits(use.call, old, file.language):
            continue
        if (
            not fits(use.call, new, file.language)
            or (moved and _untouched(change, use) and _in_order(use, moved))
            or (takes(use.call, old.results) and not takes(use.call, new.results))
        ):
            left.append(use)
    if left:
        named = ", ".join(f"{use.path}:{use.call.line}" for use in left[:_NAMED])
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        callers_do = "a caller does" if len(left) == 1 else f"{len(left)} callers do"
        name = f"{new.owner}.{new.name}" if new.owner else new.name
        yield Found(
            file.path,
            new.line,
            f"{name} {_what(old, new)} now, and {callers_do} not fit: {named}{more}",
            new.end_line,
            "change the callers too, or keep the old arguments working",
            "medium" if file.language == "javascript" else None,
        )


def _what(old: Signature, new: Signature) -> str:
    """Say what is another than before."""
    return "takes other arguments" if _shape(old) != _shape(new) else "gives back another number of values"


def _reordered(old: Signature, new: Signature) -> int:
    """Give how many arguments by place it takes to meet a parameter that stands elsewhere now; 0 where none does."""
    before = [each.name for each in old.parameters if each.kind == "plain"]
    after = [each.name for each in new.parameters if each.kind == "plain"]
    for at, (here, there) in enumerate(zip(before, after, strict=False)):
        if here != there and here and there:
            moved = here in after or there in before
            return at + 1 if moved and not _sorts_out(new, there) else 0
    return 0


def _sorts_out(function: Signature, name: str) -> bool:
    """Say whether a function looks at what it was given and moves its arguments where callers mean another order."""
    each = re.escape(name)
    asks = rf"typeof {each}\b|isinstance\(\s*{each}\b|\b(?:is_\w+|callable)\(\$?{each}\b|\barguments\b"
    return re.search(rf"{asks}|[\w$]+ = \$?{each}\s*[;\n]", function.text) is not None


def _in_order(use: Use, least: int) -> bool:
    """Say whether a call gives arguments by place, as far as the order changed, and not all the same."""
    plain = [each.text for each in use.call.arguments if not each.keyword]
    return len(plain) >= least and (len(plain) == 1 or len(set(plain)) > 1)


def _untouched(change: ReviewedChange, use: Use) -> bool:
    """Say whether a call is as it was before the change."""
    file = next((each for each in change.files if each.path == use.path), None)
    return file is None or not file.touched(use.call.line, use.call.end_line)


RULE = Rule(
    id="signature-changed",
    family="signature",
    severity="high",
    title="A function takes other arguments, and callers are left behind",
    explanation=(
        "A parameter was added, removed, renamed or moved, or (in Go) a result, and calls that fitted before "
        "do not any more: they "
        "fail when they "
        "run, or do not compile. Only calls are told that surely mean this function. Change them, or keep the "
        "old arguments "
        "working."
    ),
    bad=Example(
        "shop/prices.py",
        "def discount(price, rate, currency):\n    return price * (1 - rate)\n",
        "def discount(price, rate):\n    return price * (1 - rate)\n",
        (
            (
                "shop/cart.py",
                "from shop.prices import discount\n\n\ndef total(price):\n    return discount(price, 0.1)\n",
            ),
        ),
    ),
    good=Example(
        "shop/prices.py",
        'def discount(price, rate, currency="EUR"):\n    return price * (1 - rate)\n',
        "def discount(price, rate):\n    return price * (1 - rate)\n",
        (
            (
                "shop/cart.py",
                "from shop.prices import discount\n\n\ndef total(price):\n    return discount(price, 0.1)\n",
            ),
        ),
    ),
    check=_check,
)
