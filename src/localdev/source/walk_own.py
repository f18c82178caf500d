"""Walking a folder without git, under the same ignore rules."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from localdev.source import skip
from localdev.source.ignore import RuleSet, ignored
from localdev.source.ignore_files import GIT_RULES, outer_rules, read_rules


class Collector(Protocol):
    """Takes what the walk finds."""

    def enter(self, folder: str) -> bool:
        """Say whether to look into a folder."""
        ...

    def add(self, path: str) -> None:
        """Take a file."""
        ...

    def skip(self, path: str, reason: str) -> None:
        """Take note of a path that is left out."""
        ...


def walk_tree(root: str, into: Collector) -> None:
    """Hand every file below `root` that no rule ignores to `into`; links are handed over, never followed."""
    start = root if root.endswith("/") else f"{root}/"
    waiting: list[tuple[str, tuple[RuleSet, ...]]] = [("", tuple(outer_rules(Path(root))))]
    while waiting:
        folder, chain = waiting.pop()
        try:
            with os.scandir(start + folder) as found:
                entries = list(found)
        except OSError as error:
            into.skip(f"{folder}/", skip.trouble(error))
            continue
        rules = read_rules(start + folder, folder, GIT_RULES)
        chain = chain if rules is None else (*chain, rules)
        prefix = f"{folder}/" if folder else ""
        for entry in entries:
            path = prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if chain and ignored(chain, path, is_folder):
                continue
            if not is_folder:
                into.add(path)
            elif into.enter(path):
                waiting.append((path, chain))
