"""What a change does to whole files, in words: moves, deletions, modes, versions, documents and what has no symbols."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from localdev.assistant.commit.dependencies import Versions
from localdev.assistant.commit.kinds import kind_of
from localdev.assistant.commit.parts import Part
from localdev.assistant.commit.words import called, common_folder, files, listed, shortened
from localdev.rules.changed import ChangedFile

_TYPES = {
    "code": "refactor", "test": "test", "docs": "docs", "ci": "ci", "build": "build", "lock": "build",
    "config": "chore", "generated": "chore", "asset": "chore", "layout": "style", "comments": "docs",
}  # fmt: skip
_VERBS = {
    "layout": "reformat {}",
    "comments": "update comments in {}",
    "lock": "update {}",
    "generated": "regenerate {}",
}
_LONGEST_HEADING = 40
# Documents that get a section with every version.
_GROWS = re.compile(r"(?:changelog|changes|history|news|release)", re.IGNORECASE)


def paths_of(chosen: Sequence[ChangedFile]) -> tuple[str, ...]:
    """Give the paths of files."""
    return tuple(file.path for file in chosen)


def _type_of(paths: Sequence[str]) -> str:
    """Give the type that files of one kind share."""
    kinds = {kind_of(path) for path in paths}
    return _TYPES[kinds.pop()] if len(kinds) == 1 else "refactor" if "code" in kinds else "chore"


def submodules(about: str, chosen: list[ChangedFile]) -> Iterator[Part]:
    """Word submodules that came, went or point elsewhere."""
    lines = []
    for file in chosen:
        change = file.change
        if change.status == "added":
            lines.append(f"add submodule {file.path}")
        elif change.status == "deleted":
            lines.append(f"remove submodule {file.path}")
        else:
            lines.append(f"update submodule {file.path}" + (f" to {change.new_id[:8]}" if change.new_id else ""))
    phrases = (lines[0],) if len(lines) == 1 else (f"update {len(lines)} submodules",)
    yield Part(about, "build", phrases, tuple(lines), paths_of(chosen))


def moves(about: str, chosen: list[ChangedFile]) -> Iterator[Part]:
    """Word files that are elsewhere now, or copied, with nothing else changed."""
    lines = []
    for file in chosen:
        old, new = file.change.old_path, file.path
        folder, name = new.rpartition("/")[::2]
        if file.change.status == "copied":
            lines.append(f"copy {old} to {new}")
        elif old.rpartition("/")[0] == folder:
            lines.append(f"rename {called(old)} to {name}")
        else:
            lines.append(f"move {called(old)} to {folder or 'the top folder'}" + _renamed(old, name))
    phrases = [lines[0]] if len(lines) == 1 else []
    if len(lines) > 1:
        to, from_ = common_folder(paths_of(chosen)), common_folder([file.change.old_path for file in chosen])
        moved = from_ != to and all(file.change.status == "renamed" for file in chosen)
        if moved and to and from_:
            phrases += [
                f"move {way} from {from_} to {to}" for way in files([f.change.old_path for f in chosen][:4])[:1]
            ]
        phrases += [f"move {len(lines)} files" + (f" to {to}" if to and moved else f" in {to}" if to else "")]
        phrases += [f"move {len(lines)} files"]
        if len(chosen) > 4:
            phrases = phrases[-2:]
    yield Part(about, _type_of(paths_of(chosen)), tuple(phrases), tuple(lines), paths_of(chosen))


def _renamed(old: str, name: str) -> str:
    """Add the new name where a move changed it too."""
    return f" as {name}" if old.rpartition("/")[2] != name else ""


def deletions(about: str, chosen: list[ChangedFile]) -> Iterator[Part]:
    """Word files that are gone."""
    paths = paths_of(chosen)
    ways = [f"remove {way}" for way in files(paths)]
    yield Part(about, _type_of(paths), tuple(ways), tuple(f"remove {path}" for path in paths), paths)


def modes(about: str, chosen: list[ChangedFile]) -> Iterator[Part]:
    """Word files that may be run now, or no longer."""
    now = [file.path for file in chosen if file.change.new_mode == "100755"]
    no_longer = [file.path for file in chosen if file.change.new_mode != "100755"]
    lines = [
        f"make {called(path, paths)} {what}"
        for paths, what in ((now, "executable"), (no_longer, "not executable"))
        for path in paths
    ]
    phrases = lines[:1]
    if len(lines) > 1:
        group, what = (now, "executable") if now else (no_longer, "not executable")
        phrases = [f"make {way} {what}" for way in files(group)]
    yield Part(about, "chore", tuple(phrases), tuple(lines), paths_of(chosen))


def version_parts(versions: Mapping[str, Versions]) -> Iterator[Part]:
    """Word new versions of the project and of what it depends on."""
    own = {path: each.own for path, each in versions.items() if each.own}
    if own:
        phrases, lines = _own_versions(own)
        yield Part("version", "chore", phrases, lines, tuple(own))
    rest = {path: each for path, each in versions.items() if not each.own or each.added or each.removed or each.updated}
    updated: dict[tuple[str, str], set[str]] = {}
    for name, old, new in (row for each in rest.values() for row in each.updated):
        if new not in own.values():  # a part of the project itself goes along with it
            updated.setdefault((name, new), set()).add(old)
    lines = tuple(f"bump {name}{_from(before)} to {new}" for (name, new), before in updated.items())
    lines += tuple(dict.fromkeys(f"add dependency {name}" for each in rest.values() for name in each.added))
    lines += tuple(dict.fromkeys(f"remove dependency {name}" for each in rest.values() for name in each.removed))
    if not lines:
        if rest and not own:
            yield Part("build", "build", tuple(f"update {way}" for way in files(list(rest))), (), tuple(rest))
        return
    yield Part("dependencies", "build", _dependencies([name for name, _ in updated], lines), lines, tuple(rest), "deps")


def _own_versions(own: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say which version the project has now, or each of its packages where they differ."""
    if len(set(own.values())) == 1:
        phrase = f"bump version to {next(iter(own.values()))}"
        return (phrase,), (phrase,)
    named = {f"{path.split('/')[-2] if '/' in path else called(path)} to {version}" for path, version in own.items()}
    lines = tuple(f"bump {each}" for each in sorted(named))
    return (f"bump {listed(sorted(named))}", f"bump the versions of {len(named)} packages"), lines


def _from(before: set[str]) -> str:
    """Say which version it was, where it was one."""
    return f" from {next(iter(before))}" if len(before) == 1 else ""


def _dependencies(updated: Sequence[str], lines: Sequence[str]) -> tuple[str, ...]:
    """Say what happened to dependencies in ever shorter words: by their names, or how many there are."""
    if len(lines) == 1:
        return lines[0], lines[0].partition(" from ")[0]
    verbs = {line.partition(" ")[0] for line in lines}
    many = f"{'update' if len(verbs) > 1 or 'bump' in verbs else verbs.pop()} {len(lines)} dependencies"
    more = len(lines) - len(updated)
    if len(updated) == 1 and more:
        others = "1 more dependency" if more == 1 else f"{more} more dependencies"
        name, new = lines[0].partition(" from ")[0], lines[0].rpartition(" to ")[2]
        return f"{name} to {new} and update {others}", many
    return (f"bump {listed(updated)}", many) if len(updated) == 2 and not more else (many,)


def docs(about: str, chosen: list[ChangedFile]) -> Part:
    """Word changes of documents; one new section of one document is named."""
    paths = paths_of(chosen)
    if len(chosen) == 1 and chosen[0].change.status == "modified" and (heading := _new_heading(chosen[0])):
        phrase = f"add section {heading} to {called(paths[0])}"
        return Part(about, "docs", (phrase, f"update {called(paths[0])}"), (phrase,), paths)
    return _files_part(about, "docs", chosen)


def _new_heading(file: ChangedFile) -> str:
    """Give the one heading that came; empty for none, several, or a long one."""
    old, new = file.old_symbols, file.new_symbols
    if old is None or new is None or _GROWS.match(file.path.rpartition("/")[2]):
        return ""
    before = {symbol.name for symbol in old.symbols}
    fresh = [symbol.name for symbol in new.symbols if symbol.name not in before and symbol.start_line in file.added]
    gone = before - {symbol.name for symbol in new.symbols}
    return fresh[0] if len(fresh) == 1 and not gone and len(fresh[0]) <= _LONGEST_HEADING else ""


def assets(about: str, chosen: list[ChangedFile]) -> Part:
    """Word images and other files that nobody reads as text."""
    return _files_part(about, "chore", chosen)


def plain_files(about: str, chosen: list[ChangedFile]) -> Part:
    """Word files by their names."""
    if about in _VERBS:
        paths = paths_of(chosen)
        ways = tuple(_VERBS[about].format(way) for way in files(paths))
        return Part(about, _TYPES[about], ways, tuple(_VERBS[about].format(path) for path in paths), paths)
    return _files_part(about, _TYPES.get(about, "chore"), chosen)


def _files_part(about: str, type: str, chosen: Sequence[ChangedFile]) -> Part:
    """Word which files came and which changed."""
    paths = paths_of(chosen)
    added = [file.path for file in chosen if file.change.status in ("added", "copied")]
    changed = [file.path for file in chosen if file.path not in added]
    phrases = []
    if added and changed:
        phrases = [f"add {a} and update {b}" for a, b in zip(files(added)[:1], files(changed)[:1], strict=True)]
        phrases += [f"update {way}" for way in files(paths)[-1:]]
    else:
        phrases = [f"{'add' if added else 'update'} {way}" for way in files(paths)]
    lines = [f"add {path}" for path in added] + [f"update {path}" for path in changed]
    if len(lines) > 4:
        lines = [
            f"{verb} {shortened(list(map(called, group)))[0]}"
            for verb, group in (("add", added), ("update", changed))
            if group
        ]
    return Part(about, type, tuple(phrases), tuple(lines), paths)
