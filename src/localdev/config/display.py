"""Values of settings as they may be shown: what a user puts into a report holds no password."""

from __future__ import annotations

import re
from typing import Any

_LOGIN = re.compile(r"://.*@", re.DOTALL)


def shown(value: Any) -> Any:
    """Give a value with `***` in place of a name and a password in an address, which do not belong there."""
    if isinstance(value, str):
        return _LOGIN.sub("://***@", value)
    return [shown(each) for each in value] if isinstance(value, list | tuple) else value
