"""The calls of a function in the files of a change's new side."""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from localdev.rules.changed import ReviewedChange
from localdev.rules.places import is_vendored
from localdev.rules.signature.parameters import Signature, signatures, stem
from localdev.source.languages import language_of
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.tree import SyntaxTree, read_syntax, text_of

_FAMILIES = (
    frozenset({"javascript", "typescript", "tsx"}),
    frozenset({"c", "cpp"}),
)
# The bounds of looking for callers where no index tells them.
_MOST_FILES, _SECONDS = 1_500, 2.0
_MOST_CALLERS = 60
_OWN = frozenset({"self", "this", "cls", "Self", "static", "$this", "(this)", "@self"})
_ENDING = re.compile(r"\.[cm]?[jt]sx?\Z")
# A method by such a name may be anyone's.
_DISTINCT = re.compile(r"\w*[a-z0-9][A-Z]\w*|\w+_\w+|\w{9,}")


@dataclass(frozen=True, slots=True)
class Use:
    """A call in a file."""

    path: str
    call: Call


class Callers:
    """Finds calls; what was read is kept for the next function."""

    def __init__(self, change: ReviewedChange) -> None:
        self._change = change
        self._until = time.monotonic() + _SECONDS
        self._trees: dict[str, SyntaxTree | None] = {}
        self._texts: dict[str, str] = {}

    def uses(self, function: Signature, path: str, language: str) -> list[Use]:
        """Give the calls that surely mean a function; none where its name is defined more than once."""
        name = function.called
        found: list[Use] = []
        only = of_owner = True
        for each in self._mentioning(name, path, language):
            tree = self._tree(each)
            if tree is None:
                continue
            twins = [known for known in signatures(tree) if name in (known.name, known.called)]
            if len(twins) > (each == path):
                only = False
                of_owner = of_owner and sum(known.owner == function.owner for known in twins) == (each == path)
            own = each != path and any(known.owner == function.owner for known in twins)
            found += [
                Use(each, call)
                for call in calls(tree)
                if _named(call, function) and not (own and (call.receiver is None or function.owner))
            ]
        return [use for use in found if self._means(use, function, path, only=(only, of_owner))][:_MOST_CALLERS]

    def _means(self, use: Use, function: Signature, path: str, *, only: tuple[bool, bool]) -> bool:
        """Say whether a call means the function alone: its name is defined `only` once, or so in its class."""
        if function.whole:
            return _imports(use, path)
        alone, of_owner = only
        call, here = use.call, use.path == path
        receiver = text_of(call.receiver).strip() if call.receiver is not None else ""
        if function.makes:
            return (call.kind == "new" or not receiver or receiver.endswith(function.owner)) and of_owner
        if not function.owner:
            if receiver and not _is_module(receiver, path):
                return False
            return here or alone or re.split(r"[./]", call.resolved)[-2:-1] == [stem(path)]
        if re.split(r"\.|::|->|\\\\", receiver)[-1] == function.owner:
            return of_owner
        if receiver in _OWN:
            return here or (alone and _DISTINCT.fullmatch(function.called) is not None)
        if not receiver:
            return here and language_of(path) in ("java", "c_sharp", "cpp", "ruby")
        return alone and (_DISTINCT.fullmatch(function.called) is not None or _like(receiver, function.owner))

    def _mentioning(self, name: str, path: str, language: str) -> Iterator[str]:
        """Give the files that hold a name: those of the change first, then those the index knows, else all."""
        seen: set[str] = set()
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        for each in self._candidates(name, path, language):
            if each not in seen:
                seen.add(each)
                if word.search(self._text(each)):
                    yield each

    def _candidates(self, name: str, path: str, language: str) -> Iterator[str]:
        """Give the files to look into."""
        yield path
        family = family_of(language)
        yield from (file.path for file in self._change.files if file.language in family and file.new_text is not None)
        graph = self._change.graph
        if graph is not None:
            yield from sorted({used for used, _, _ in graph.callers(name, _MOST_CALLERS)})
            yield from sorted({symbol.path for _, symbol in graph.symbols_named([name])})
            return
        folder = path.rpartition("/")[0]
        same = [each for each in self._change.paths if language_of(each) in family and not is_vendored(each)]
        same.sort(key=lambda each: (each.rpartition("/")[0] != folder, each))
        for each in same[:_MOST_FILES]:
            if time.monotonic() > self._until:
                return
            yield each

    def _text(self, path: str) -> str:
        """Give a file of the new side."""
        if path not in self._texts:
            self._texts[path] = self._change.sides.new_text(path) or ""
        return self._texts[path]

    def _tree(self, path: str) -> SyntaxTree | None:
        """Parse a file of the new side once."""
        if path not in self._trees:
            changed = next((file for file in self._change.files if file.path == path), None)
            self._trees[path] = changed.new_syntax if changed is not None else read_syntax(path, self._text(path))
        return self._trees[path]


def family_of(language: str) -> frozenset[str]:
    """Give the languages that call each other's functions by their names."""
    return next((each for each in _FAMILIES if language in each), frozenset({language}))


def _named(call: Call, function: Signature) -> bool:
    """Say whether a call is by a function's name; Ruby makes an object of a class by its `new`."""
    if function.whole:
        return call.kind == "call"
    if function.makes and call.last == "new":
        return call.name.endswith(f"{function.owner}.new")
    return call.last == function.called


def _is_module(receiver: str, path: str) -> bool:
    """Say whether what a call stands on is the file, package or module that holds the function."""
    last = re.split(r"\.|::|->|\\", receiver)[-1]
    parts = [part for part in re.split(r"[/.]", path) if part]
    return last in parts or last in ("crate", "super", "self", "exports")


def _imports(use: Use, path: str) -> bool:
    """Say whether a call is of all that a file of JavaScript exports: its name comes from an import of that file."""
    asked = use.call.resolved.removesuffix(".default")
    if not asked.startswith("."):
        return False
    place = posixpath.normpath(posixpath.join(posixpath.dirname(use.path), asked))
    bare = _ENDING.sub("", path)
    return _ENDING.sub("", place) in (bare, bare.removesuffix("/index"))


def _like(receiver: str, owner: str) -> bool:
    """Say whether a variable is named after a class: `cart` or `user_cart` after `Cart`."""
    last = re.sub(r"\W", "", re.split(r"\.|->|::", receiver)[-1]).lower().replace("_", "")
    return len(last) >= 4 and (last in owner.lower() or owner.lower() in last)
