"""What a change does to code and tests, in words made of its definitions."""

from __future__ import annotations

from collections.abc import Sequence

from localdev.assistant.commit.parts import Part
from localdev.assistant.commit.parts_files import paths_of
from localdev.assistant.commit.symbols import SymbolChange
from localdev.assistant.commit.words import called, common_folder, files, listed, shortened, subject_of_test
from localdev.rules.changed import ChangedFile, ReviewedChange

_DEEDS = ("added", "renamed", "moved", "removed", "parameters", "changed")
_VERBS = {"added": "add", "removed": "remove", "changed": "update", "parameters": "change the parameters of"}
_WHERE = {"added": "to", "removed": "from", "changed": "of"}
# A constant or macro that comes with a change of a function is not what the change is about.
_SMALL_KINDS = frozenset({"constant", "macro", "module"})
# Names shown of a file's definitions.
_MOST_NAMES = 3
_MANY_FILES = 8


def code_part(chosen: list[ChangedFile], symbols: Sequence[SymbolChange], *, tested: bool) -> Part:
    """Word changes of code; `tested` says that tests changed along."""
    fresh = [file for file in chosen if file.change.status == "added"]
    paths = paths_of(chosen)
    told = [each for each in symbols if each.path not in paths_of(fresh)]
    told = [each for each in told if not _within_tests(each)] or told
    ahead = [each for each in told if each.public and each.kind not in _SMALL_KINDS]
    broken = [each for each in ahead if each.breaks]
    phrases = _fresh_phrases(fresh, symbols) if fresh and not broken and not _outweighs(ahead, symbols, fresh) else []
    phrases = phrases or _symbol_phrases(ahead or told)
    if broken:  # whoever calls it has to know first of all
        phrases = [*_broken_phrases(broken, ahead), *phrases]
    phrases += [f"update {way}" for way in files(paths) if not fresh] or [
        f"add {way}" for way in files(paths_of(fresh))
    ]
    slight = not told and not fresh
    # Nobody has looked into so many files: that nothing is mended by them is the safer guess.
    unknown = slight and len(chosen) > _MANY_FILES
    return Part(
        "code",
        "refactor" if unknown else _type(fresh, told, tested=tested),
        tuple(dict.fromkeys(phrases)),
        _lines(fresh, symbols, paths),
        paths,
        slight=slight,
        breaks=bool(broken),
    )


def _within_tests(each: SymbolChange) -> bool:
    """Say whether a definition belongs to the tests that stand in the same file, as Rust has them."""
    return each.path.endswith(".rs") and each.name.partition(".")[0] in ("test", "tests")


def _outweighs(ahead: Sequence[SymbolChange], symbols: Sequence[SymbolChange], fresh: Sequence[ChangedFile]) -> bool:
    """Say whether what was added to files that were there says more than the new files do."""
    new = {file.path for file in fresh}
    named = [each for each in symbols if each.path in new and each.public]
    return not named and any(each.deed == "added" for each in ahead)


def _type(fresh: Sequence[ChangedFile], told: Sequence[SymbolChange], *, tested: bool) -> str:
    """Give the type: something new to use is a feature, another name or place none; a changed body is a fix."""
    public = [each for each in told if each.public and each.kind not in _SMALL_KINDS]
    deeds = {each.deed for each in public}
    if fresh or "added" in deeds or any(each.parameter.startswith("+") for each in public):
        return "feat"
    if deeds & {"renamed", "moved", "removed", "parameters"} or (
        told and not tested and not any(each.public for each in told)
    ):
        return "refactor"
    return "fix"


def _fresh_phrases(fresh: Sequence[ChangedFile], symbols: Sequence[SymbolChange]) -> list[str]:
    """Word new files: one with what is in it, several by their names."""
    paths = paths_of(fresh)
    if len(fresh) > 1:
        return [f"add {way}" for way in files(paths)]
    own = [each for each in symbols if each.path == paths[0] and each.deed == "added"]
    names = [each.name for each in own if each.public and each.kind not in _SMALL_KINDS]
    name = called(paths[0])
    if len(names) == 1:
        return [f"add {names[0]} in {name}", f"add {names[0]}", f"add {name}"]
    return [f"add {name} with {way}" for way in shortened(names)[:2]] + [f"add {name}"]


def _symbol_phrases(told: Sequence[SymbolChange]) -> list[str]:
    """Word changes of definitions: what matters most, with the next where both fit."""
    groups = {deed: [each for each in told if each.deed == deed] for deed in _DEEDS}
    present = [deed for deed in _DEEDS if groups[deed]]
    if not present:
        return []
    main = _deed_phrases(present[0], groups[present[0]])
    if len(present) == 2 and len(groups[present[0]]) <= 2 and len(groups[present[1]]) <= 2:
        other = _deed_phrases(present[1], groups[present[1]])
        return [f"{main[0]} and {other[0]}", *main]
    return main


def _broken_phrases(broken: Sequence[SymbolChange], ahead: Sequence[SymbolChange]) -> list[str]:
    """Word what others have to follow, with what else was done where both fit."""
    main = _deed_phrases("parameters", broken)
    others = _symbol_phrases([each for each in ahead if not each.breaks])
    return [f"{main[0]} and {others[-1]}", *main] if others and len(broken) == 1 else main


def _deed_phrases(deed: str, group: Sequence[SymbolChange]) -> list[str]:
    """Word one deed, in ever shorter ways."""
    first = group[0]
    if deed in ("renamed", "moved") or (deed == "parameters" and len(group) == 1):
        if len(group) == 1:
            return [_one(first)]
        verb = "rename" if deed == "renamed" else "move"
        new = first.old.rpartition(".")[2], first.name.rpartition(".")[2]
        if deed == "renamed" and all(_tails(each) == new for each in group):
            return [
                f"rename {new[0]} to {new[1]} in {listed([called(each.path) for each in group][:_MOST_NAMES])}",
                f"rename {new[0]} to {new[1]}",
            ]
        targets = {each.path for each in group}
        to = f" to {called(targets.pop())}" if deed == "moved" and len(targets) == 1 else ""
        return [
            f"{verb} {way}{to}" for way in shortened([each.old if deed == "renamed" else each.name for each in group])
        ]
    parents = {each.name.rpartition(".")[0] for each in group}
    ways = [f"{_VERBS[deed]} {way}" for way in shortened([each.name for each in group])]
    ways += [f"{_VERBS[deed]} {first.name} and 1 more"] if len(group) == 2 else []
    if len(group) > 1 and deed in _WHERE and len(parents) == 1 and (parent := parents.pop()):
        names = [each.name.rpartition(".")[2] for each in group]
        return [f"{_VERBS[deed]} {way} {_WHERE[deed]} {parent}" for way in shortened(names)] + ways[-1:]
    return ways


def _tails(each: SymbolChange) -> tuple[str, str]:
    """Give the last parts of the old and the new name."""
    return each.old.rpartition(".")[2], each.name.rpartition(".")[2]


def _one(each: SymbolChange) -> str:
    """Word what became of one definition."""
    if each.deed == "renamed":
        return f"rename {each.old} to {each.name.rpartition('.')[2] if '.' in each.old else each.name}"
    if each.deed == "moved":
        return f"move {each.name} to {called(each.path)}"
    if each.parameter:
        verb, where = ("add", "to") if each.parameter[0] == "+" else ("remove", "from")
        return f"{verb} parameter {each.parameter[1:]} {where} {each.name}"
    return f"{_VERBS[each.deed]} {each.name}"


def _lines(fresh: Sequence[ChangedFile], symbols: Sequence[SymbolChange], paths: Sequence[str]) -> tuple[str, ...]:
    """Word everything, a line for each thing."""
    new = paths_of(fresh)
    lines = []
    for path in new:
        names = [each.name for each in symbols if each.path == path and each.public and each.kind not in _SMALL_KINDS]
        lines.append(f"add {path}" + (f" with {shortened(names)[0]}" if names else ""))
    told = [each for each in symbols if each.path not in new]
    shown = [each for each in told if each.public] or told
    for path in dict.fromkeys(each.path for each in shown):
        for deed in ("added", "removed", "changed"):
            group = [each.name for each in shown if each.path == path and each.deed == deed]
            if group:
                lines.append(
                    f"{_VERBS[deed]} {shortened(group)[0]}" + ("" if len(paths) == 1 else f" in {called(path, paths)}")
                )
        here = [each for each in shown if each.path == path and each.deed in ("renamed", "moved", "parameters")]
        lines += [_one(each) for each in here if each.deed != "parameters" or each.parameter]
        if several := [each.name for each in here if each.deed == "parameters" and not each.parameter]:
            lines.append(f"{_VERBS['parameters']} {shortened(several)[0]}")
    seen = {each.path for each in shown} | {each.old for each in shown if each.deed == "moved"}
    silent = [path for path in paths if path not in new and path not in seen]
    if silent:
        lines.append(
            f"update {files(silent)[-1] if len(silent) > 4 else listed([called(path, paths) for path in silent])}"
        )
    return tuple(lines)


def test_part(chosen: list[ChangedFile], symbols: Sequence[SymbolChange], change: ReviewedChange) -> Part:
    """Word changes of tests by what they test, as far as their names tell."""
    paths = paths_of(chosen)
    added = [each for each in symbols if each.deed == "added"]
    verb = "add" if added or all(file.change.status == "added" for file in chosen) else "update"
    subjects = [name for path in paths if (name := subject_of_test(path))]
    lost = _lost(change) if verb == "update" and len(chosen) <= _MANY_FILES else {}
    if lost:
        return Part("test", "test", *_lost_phrases(lost, subjects), paths)
    counted = f"{verb} a test" if len(added) == 1 and added[0].kind != "class" else f"{verb} tests"
    phrases = [f"{counted} for {way}" for way in shortened(subjects)] if len(subjects) == len(paths) else []
    folder = common_folder(paths)
    phrases += [f"{counted} in {way}" for way in files(paths)] if not phrases else []
    phrases += [f"{counted} in {folder}"] if folder else []
    return Part("test", "test", tuple(phrases), (phrases[0],), paths)


def _lost(change: ReviewedChange) -> dict[str, int]:
    """Count the assertions that are gone from each test that stays, where nothing explains it."""
    from localdev.rules.assertions.compared import Lost, compare

    found: dict[str, int] = {}
    for each in compare(change):
        if isinstance(each, Lost) and each.likely:
            name = each.test.name.rpartition(".")[2]
            found[name] = found.get(name, 0) + len(each.gone)
    return found


def _lost_phrases(lost: dict[str, int], subjects: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Word that tests check less than they did: the phrases and the lines."""
    lines = tuple(f"remove {_counted(count)} from {name}" for name, count in lost.items())
    whole = f"remove {_counted(sum(lost.values()))} from"
    phrases = [f"{whole} tests for {way}" for way in shortened(subjects)] if subjects else []
    return (*lines[: len(lines) == 1], *phrases, f"{whole} tests"), lines


def _counted(count: int) -> str:
    """Say how many assertions."""
    return "an assertion" if count == 1 else f"{count} assertions"
