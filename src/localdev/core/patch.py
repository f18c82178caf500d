"""Values of a proposed change: the files it would write, what was checked of it, and the whole proposal."""

from __future__ import annotations

from dataclasses import dataclass, field

from localdev.core.chat import Usage


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What becomes of one file; `path` is relative to the root, with forward slashes.

    Texts are exactly what is on disk: line ends and a byte order mark stay, bytes that are no UTF-8 are lone surrogates
    (`surrogateescape`). `old` None: there is no such file yet; `new` None: it is removed.
    """

    path: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """Something that was checked of a proposal, by name, and how it went in a few words."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed change with its checks; without edits it was refused. `attempts` counts what a model was asked.

    `model` and `prompt` (`id@version:digest`) are empty for what was made without a model.
    """

    edits: tuple[FileEdit, ...]
    checks: tuple[Check, ...]
    attempts: int = 0
    model: str = ""
    prompt: str = ""
    usage: Usage = field(default_factory=Usage)

    @property
    def accepted(self) -> bool:
        """Say whether there is something to apply and every check went well."""
        return bool(self.edits) and all(check.ok for check in self.checks)
