"""Whether a file changed in its layout alone, or in its comments and documentation alone: told by its syntax."""

from __future__ import annotations

from localdev.rules.changed import ChangedFile
from localdev.source.syntax.tree import SyntaxTree, walk

_LARGEST = 200_000


def only_layout(file: ChangedFile) -> bool:
    """Say whether blanks and line breaks are all that changed."""
    return _alike(file, comments=True)


def only_comments(file: ChangedFile) -> bool:
    """Say whether comments and docstrings are all that changed besides layout."""
    return _alike(file, comments=False)


def _alike(file: ChangedFile, *, comments: bool) -> bool:
    """Compare both sides of a file without what does not count."""
    before, after = file.old_text, file.new_text
    if file.change.status != "modified" or before is None or after is None or before == after:
        return False
    if max(len(before), len(after)) > _LARGEST:
        return False
    if comments and "".join(before.split()) != "".join(after.split()):
        return False
    old, new = file.old_syntax, file.new_syntax
    if old is None or new is None or old.root.has_error or new.root.has_error:
        return False
    return _shape(old, comments=comments) == _shape(new, comments=comments)


def _shape(tree: SyntaxTree, *, comments: bool) -> list[tuple[str, str]]:
    """Give the tree as a list: what each node is, and the words of the innermost; blocks show where they end."""
    found: list[tuple[str, str]] = []
    skipped = -1
    for node in walk(tree.root):
        if node.start_byte < skipped:
            continue
        if "comment" in node.type or (not comments and _is_docstring(tree, node.type, node.named_children)):
            if comments:
                found.append(("comment", " ".join((node.text or b"").decode("utf-8", "replace").split())))
            skipped = node.end_byte
            continue
        if not node.children:
            found.append((node.type, (node.text or b"").decode("utf-8", "replace")))
        elif node.is_named:
            found.append((node.type, str(sum("comment" not in child.type for child in node.named_children))))
    return found if comments else [each for each in found if each[0] not in ("block", "module")]


def _is_docstring(tree: SyntaxTree, kind: str, inside: object) -> bool:
    """Say whether a statement is nothing but a text."""
    children = list(inside) if isinstance(inside, list | tuple) else []
    return tree.language == "python" and kind == "expression_statement" and [c.type for c in children] == ["string"]
