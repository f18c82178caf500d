"""What models and adapters are called in the store."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from localdev.core.errors import UsageError
from localdev.models.passport import Passport

# Of the 255 that most file systems allow for a file: an export adds to the name, and so does a part in the making.
LONGEST = 100


def slug(text: str) -> str:
    """Make a name of a file's: lower case letters, digits, dots and dashes (`Qwen2.5 Coder_Q4` -> qwen2.5-coder-q4).

    It never ends in .gguf, which is how a path is told from a name.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"([-.]+|\.gguf)+$", "", re.sub(r"[^a-z0-9.]+", "-", plain)).lstrip("-.")


def name_for(name: str, path: Path) -> str:
    """Give what the store calls a file that is to have `name`, or else one made from its path.

    Raises:
        UsageError: there is nothing to make a name of, or too much.
    """
    asked = name or stem(path)
    made = slug(asked)
    if not made:
        raise UsageError(f"{name or path.name!r} holds no letter or digit to make a name of", "give one: --name NAME")
    if len(made) > LONGEST:
        said = f"{made[:20]}... is no name: it has {len(made)} characters, and {LONGEST} are the most"
        raise UsageError(said, "give a shorter one: --name NAME")
    return made


def stem(path: Path) -> str:
    """Give what a model is called by its path: the file without ending and number of the part, or the folder."""
    return re.sub(r"-\d{5}-of-\d{5}$", "", path.stem) if not path.is_dir() else path.name


def refuse_taken(name: str, stored: Sequence[Passport]) -> None:
    """See that nothing of what is stored has this name: commands find models and adapters alike by it.

    Raises:
        UsageError: a model or an adapter has.
    """
    for passport in stored:
        if passport.name == name:
            raise UsageError(
                f"another {passport.kind} is named {name!r} ({passport.digest[:12]})",
                "give this one another name: --name NAME",
            )
