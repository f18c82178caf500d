"""What to type for localdev here, put into every text that names one of its commands."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

# The rule for all texts of the program: a command stands in backticks and begins with `localdev`, or is piped into it.
_COMMAND = re.compile(r"(?<=`)localdev(?= )|(?<=\| )localdev(?= )")


def program() -> str:
    """Give what to type for localdev: the checkout's script where it was started from one."""
    checkout = os.environ.get("LOCALDEV_CHECKOUT", "")
    if not checkout:
        return "localdev"
    script = Path(checkout, "scripts", "localdev")
    try:
        return shlex.quote(str(script.relative_to(Path.cwd())))
    except (ValueError, OSError):  # elsewhere, or the current folder is gone: the full path works from anywhere
        return shlex.quote(str(script))


def as_typed(text: str) -> str:
    """Give a text with the commands in it as they work where localdev was started."""
    return _COMMAND.sub(lambda _: program(), text) if "localdev " in text else text
