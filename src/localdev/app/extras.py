"""Optional parts: which there are, what they need, and the command that adds one to this very environment."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata, util
from pathlib import Path

from localdev.core.errors import MissingExtra, UsageError

_NAME = "localdev"
_CPUINFO = Path("/proc/cpuinfo")
_NO_AMX = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
_MARKER = re.compile(r"""extra\s*==\s*['"]([\w.-]+)['"]""")
_NESTED = re.compile(rf"{_NAME}\[([\w,\s.-]+)\]")


@dataclass(frozen=True, slots=True)
class Installation:
    """How an extra is added here: the packages, and the command; `runs` is false where the user has to run it.

    `variables` are set for the command.
    """

    extra: str
    requirements: tuple[str, ...]
    command: tuple[str, ...]
    runs: bool
    variables: Mapping[str, str] = field(default_factory=dict)


def extras() -> list[str]:
    """List the names of the optional parts, as the installed package declares them."""
    return sorted(metadata.metadata(_NAME).get_all("Provides-Extra") or [])


def requirements(extra: str) -> tuple[str, ...]:
    """List what an extra needs, other extras it names included.

    Raises:
        UsageError: there is no such extra; the known ones are listed.
    """
    known = extras()
    if extra not in known:
        raise UsageError(f"there is no part called {extra!r}", f"known parts: {', '.join(known)}")
    found: dict[str, None] = {}
    for line in metadata.requires(_NAME) or []:
        requirement, _, marker = line.partition(";")
        named = _MARKER.search(marker)
        if named is None or named[1] != extra:
            continue
        nested = _NESTED.match(requirement.strip())
        for inner in nested[1].split(",") if nested else ():
            found.update(dict.fromkeys(requirements(inner.strip())))
        if not nested:
            found[requirement.strip()] = None
    return tuple(found)


def plan(extra: str) -> Installation:
    """Say how to add an extra to the running environment.

    The packages themselves are named, never `localdev[extra]`: that would ask an index for a package of our name.

    Raises:
        UsageError: there is no such extra.
        MissingExtra: nothing here can install packages.
    """
    found = Surroundings(
        has_pip=util.find_spec("pip") is not None,
        is_pipx=(Path(sys.prefix) / "pipx_metadata.json").exists(),
        has_uv=shutil.which("uv") is not None,
    )
    needed = requirements(extra)
    variables = build_variables(os.environ, _CPUINFO) if any(map(_is_engine, needed)) else {}
    return replace(plan_in(found, extra, needed), variables=variables)


def build_variables(environ: Mapping[str, str], cpuinfo: Path) -> dict[str, str]:
    """Give the variables that the embedded engine is compiled with on this processor; the user's own choice stays.

    On one with AMX the part of the engine for it is left out: as GCC 12 compiles it the first quantised matrix ends the
    process, so that localdev does without all repacked weights where it is built in. Without it a Q4_0 model of half a
    billion parameters read prompts 1.4 times and wrote answers 1.2 times as fast.
    """
    try:
        has_amx = "amx_int8" in cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:  # no Linux
        return {}
    if not has_amx or "CMAKE_ARGS" in environ:
        return {}
    return {"CMAKE_ARGS": f"-DCMAKE_C_FLAGS='{_NO_AMX}' -DCMAKE_CXX_FLAGS='{_NO_AMX}'"}


def _is_engine(requirement: str) -> bool:
    """Tell the embedded engine, which is compiled where it is installed, from other packages."""
    return requirement.startswith("llama-cpp-python")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What could install packages into this environment: its own pip, pipx that made it, uv on PATH."""

    has_pip: bool
    is_pipx: bool
    has_uv: bool


def plan_in(found: Surroundings, extra: str, needed: tuple[str, ...]) -> Installation:
    """Choose the command: pip where it is, else what made an environment without one."""
    if found.has_pip:
        # -P: or Python looks for pip in the current folder first, which may be a cloned repository's.
        pip = (sys.executable, "-P", "-m", "pip", "install", "--disable-pip-version-check")
        return Installation(extra, needed, (*pip, *needed), runs=True)
    if found.is_pipx:
        return Installation(extra, needed, ("pipx", "inject", _NAME, *needed), runs=False)
    if found.has_uv:
        return Installation(extra, needed, ("uv", "pip", "install", "--python", sys.executable, *needed), runs=False)
    raise MissingExtra(
        f"the environment of localdev ({sys.prefix}) has no pip",
        f"add it with `{sys.executable} -m ensurepip`, then run this again",
    )
