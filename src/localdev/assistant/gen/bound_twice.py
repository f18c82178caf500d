"""Whether new imports bind a name that another import of the same file binds already, where a language forbids it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from localdev.assistant.gen.import_block import is_import, read_import
from localdev.core.patch import Check, FileEdit
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of, read_syntax, text_of

_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
_FORBID = _SCRIPTS | {"go", "java", "rust"}
_NO_NAMES = frozenset({"", "_", ".", "*"})
# Whatever stands in another one of these is another scope.
_SCOPES = ("mod_item", "declaration_list")


def bound_once(edit: FileEdit) -> Check:
    """Check that no two imports bind one name, unless they did before."""
    name = "imported once"
    new = read_syntax(edit.path, edit.new or "")
    if new is None or new.language not in _FORBID:
        return Check(name, True, "no name is imported twice")
    old = read_syntax(edit.path, edit.old) if edit.old else None
    before = Counter(bound for _, bound, _ in _bound(old)) if old else Counter[str]()
    now = Counter(bound for _, bound, _ in _bound(new))
    seen: set[tuple[int, str]] = set()
    for scope, bound, line in _bound(new):
        if (scope, bound) in seen and now[bound] > before[bound]:
            return Check(name, False, f"{edit.path}:{line}: {bound} is imported already")
        seen.add((scope, bound))
    return Check(name, True, "no name is imported twice")


def _bound(tree: SyntaxTree) -> Iterator[tuple[int, str, int]]:
    """Yield (scope, name, line) of each name that an import binds and no other may."""
    pending = [(0, node) for node in reversed(tree.root.named_children)]
    sources: set[tuple[str, str]] = set()
    while pending:
        scope, node = pending.pop()
        if node.type in _SCOPES:
            pending.extend((node.start_byte, each) for each in reversed(node.named_children))
        if not is_import(node, tree.language) or _may_repeat(node, tree.language):
            continue
        for each in read_import(text_of(node), tree.language):
            again = tree.language == "java" and (each.source, each.bound) in sources  # the same twice is no error there
            sources.add((each.source, each.bound))
            if each.bound not in _NO_NAMES and not again:
                yield scope, each.bound, line_of(node)


def _may_repeat(node: SyntaxNode, language: str) -> bool:
    """Say whether a statement may bind what another one binds: static methods, `var`, one of several systems' own."""
    text = text_of(node)
    if language == "java":
        return text.startswith("import static")
    if language != "rust":
        return text.startswith("var ")
    around = node.parent.named_children if node.parent is not None else []
    before = [each for each in around if each.end_byte <= node.start_byte]
    return bool(before) and before[-1].type == "attribute_item"
