"""Versioned prompts: a TOML front matter and a Jinja body in named sections, one file a version.

    +++
    id = "ask"
    version = "1"
    purpose = "..."
    variables = ["question"]
    +++
    === system ===
    ...
    === user ===
    ... {{ question }}

The body is rendered in an immutable sandbox; a variable that is not declared or not given is an error.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from localdev.core.chat import Message, Role
from localdev.core.errors import ConfigError, NotFound

_FRONT_MATTER = re.compile(r"\A\+\+\+\n(.*?)\n\+\+\+\n(.*)\Z", re.DOTALL)
_SECTION = re.compile(r"^=== (\w+) ===$", re.MULTILINE)
_KEYS = {"id", "version", "purpose", "variables", "schema"}
# What a template can make Python raise; endless recursion and texts beyond all memory are among it.
_FAULTS = (
    TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError, SyntaxError,
)  # fmt: skip
_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*\Z")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt; `sections` are (role, Jinja text) in order, `digest` is of the whole file."""

    id: str
    version: str
    purpose: str
    variables: tuple[str, ...]
    sections: tuple[tuple[Role, str], ...]
    digest: str

    @property
    def label(self) -> str:
        """Name it as answers and the journal record it: `id@version:digest`."""
        return f"{self.id}@{self.version}:{self.digest}"


def shipped_folder() -> Path:
    """Give the folder of the prompts that come with the program: inside the wheel, or beside `src` in a checkout.

    Raises:
        NotFound: the installation lacks them.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_prompts", package.parents[1] / "prompts"):
        if folder.is_dir():
            return folder
    raise NotFound("the prompts that belong to localdev are missing", "install localdev again")


def load_prompt(prompt_id: str, *, version: str = "", folders: Sequence[Path] = ()) -> Prompt:
    """Load a prompt by id, the newest version unless one is named; earlier `folders` win over the shipped ones.

    Raises:
        NotFound: no such id or version.
        ConfigError: the file is not a well-formed prompt.
    """
    if not _SAFE_NAME.match(prompt_id) or (version and not _SAFE_NAME.match(version)):
        raise NotFound(f"no prompt is called {prompt_id!r} {version!r}", "use a name of letters, digits, - and _")
    for folder in (*folders, shipped_folder()):
        found = _versions(folder / prompt_id)
        if version in found or (found and not version):
            return parse_prompt(found[version] if version else list(found.values())[-1])
    raise NotFound(
        f"there is no prompt {prompt_id}" + (f" version {version}" if version else ""),
        f"look for it under {folders[0] if folders else shipped_folder()}",
    )


def _versions(folder: Path) -> dict[str, Path]:
    """List the versions in a prompt's folder, oldest first; numbers are compared as numbers."""
    files = [path for path in folder.glob("*.md") if path.is_file()]
    files.sort(
        key=lambda path: [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in path.stem.split(".")]
    )
    return {path.stem: path for path in files}


def parse_prompt(path: Path) -> Prompt:
    """Read one prompt file.

    Raises:
        ConfigError: it is not UTF-8, lacks its front matter, has unknown keys, or a section that is no role.
    """
    try:
        raw = path.read_bytes()
        match = _FRONT_MATTER.match(raw.decode("utf-8").replace("\r\n", "\n"))
        head = tomllib.loads(match.group(1)) if match else {}
    except (OSError, ValueError, RecursionError) as error:  # not UTF-8, not TOML
        raise ConfigError(f"cannot read the prompt {path}: {error}", "correct the file or remove it") from error
    known = {"id", "version"} <= head.keys() <= _KEYS
    if match is None or not known or not isinstance(head.get("variables", []), list):
        raise ConfigError(
            f"the prompt {path} has no valid front matter",
            f"start it with +++, the keys {', '.join(sorted(_KEYS))}, and +++",
        )
    return Prompt(
        id=str(head["id"]),
        version=str(head["version"]),
        purpose=str(head.get("purpose", "")),
        variables=tuple(str(name) for name in head.get("variables", [])),
        sections=_sections(match.group(2), path),
        digest=hashlib.sha256(raw).hexdigest()[:12],
    )


def _sections(body: str, path: Path) -> tuple[tuple[Role, str], ...]:
    """Cut the body at its section marks; each section is one message."""
    pieces = _SECTION.split(body)
    names, texts = pieces[1::2], pieces[2::2]
    roles = get_args(Role)
    if pieces[0].strip() or not names or any(name not in roles for name in names):
        raise ConfigError(
            f"the prompt {path} is not cut into sections", f"head each with === {' ===, === '.join(roles)} ==="
        )
    return tuple((cast(Role, name), text.strip("\n")) for name, text in zip(names, texts, strict=True))


def render_prompt(prompt: Prompt, values: Mapping[str, Any]) -> tuple[Message, ...]:
    """Fill in a prompt's variables and give its messages.

    Raises:
        ConfigError: a variable is missing or unknown, or the template fails in the sandbox.
    """
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    if set(values) != set(prompt.variables):
        odd = ", ".join(sorted(set(values) ^ set(prompt.variables)))
        raise ConfigError(f"the prompt {prompt.label} and its values disagree about {odd}", "correct its `variables`")
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False
    )
    try:
        return tuple(
            Message(role, environment.from_string(text).render(values).strip("\n")) for role, text in prompt.sections
        )
    except (TemplateError, *_FAULTS) as error:
        raise ConfigError(
            f"the prompt {prompt.label} cannot be rendered: {str(error) or type(error).__name__}",
            "correct the prompt file",
        ) from error
