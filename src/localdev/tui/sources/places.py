"""How a place in a file is written where there is little room."""

from __future__ import annotations

from rich.cells import cell_len

from localdev.core.events import Citation
from localdev.core.neutral import one_line

_CUT = "…"
# A file's name that is longer than any screen says nothing more; cutting it first keeps drawing quick.
_LONGEST = 2000


def place(citation: Citation, width: int = _LONGEST) -> str:
    """Give `path:10-40`, in at most `width` cells: folders go first, from the left, the lines stay."""
    return fit_path(citation.path, f":{lines(citation)}", width)


def lines(citation: Citation) -> str:
    """Give `10-40`, or `10` for one line."""
    if citation.end_line <= citation.start_line:
        return str(citation.start_line)
    return f"{citation.start_line}-{citation.end_line}"


def fit_path(path: str, rest: str, width: int) -> str:
    """Give a path and what follows it, cut from the left at a folder's border, or inside the name at last."""
    shown = one_line(path[-_LONGEST:])
    if cell_len(shown + rest) <= width:
        return shown + rest
    parts = shown.split("/")
    while len(parts) > 1:
        parts.pop(0)
        short = "/".join([_CUT, *parts])
        if cell_len(short + rest) <= width:
            return short + rest
    name = parts[-1]
    while name and cell_len(_CUT + name + rest) > width:
        name = name[1:]
    return _CUT + name + rest
