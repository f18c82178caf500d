"""Comments that promise work and name nobody who does it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.leftovers.reasons import is_tracked
from localdev.rules.rule import Example, Found, Rule
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of

# What stands further to the right is no note of a person's.
_LONGEST = 1_000
_COMMENTS = ("comment", "line_comment", "block_comment", "html_comment")
# At the beginning of a comment, or within it where a colon or an owner shows that it is meant as a mark.
_MARK = re.compile(
    r"(?:^[\s/*#!;<-]*(?P<word>TODO|FIXME|XXX|HACK|WIP)(?![\w/'\"-])|(?:^|[\s(@])(?P<inside>TODO|FIXME)(?=[:(]))(?P<rest>.*)"
)
# TODO(anna), TODO @anna, TODO [anna], TODO anna:, TODO: @anna
_OWNER = re.compile(
    r"\s*(?:[(\[<]\s*@?[A-Za-z][^)\]>]*[)\]>]|[:\s-]*@\w[\w-]*(?:\s|:|$)|\s[A-Za-z][\w.-]*:\s|:?\s*\(?[\w.+-]+@[\w.-]+)"
)
# Until a release, a platform or a standard is there or dropped: that can be looked up; "once we are through" cannot.
_WAITS = re.compile(
    r"""
    \b(?: drop\w*\ .*\b(?:support|compat\w*|versions?|python|node) | upstream\w* | deprecat\w* | stabili[sz]\w*
    | next\ (?:major|minor|release|version) | major\ (?:version|release|bump) | min(?:imum)?\ version | msrv
    | (?:in|with)\ v?\d | v\d+ )\b
    | \b(?: once | until | when(?:ever)? | as\ soon\ as | after )\b .*
      \b(?: drops | dropped | supports? | supported | releases | released | lands? | landed | merged | shipped
      | available | stable | removed | python | node | rust | go | jdk | java | php | ruby | typescript | es\d+
      | c\+\+\d+ | \d+(?:\.\d+)* )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What is there now is not to stay: whoever wrote this would have the change stopped.
_UNDO = re.compile(
    r"""
    \b(?: back\ to | revert | undo | restore | put\ .*\ back | re-?enable | raise\ it\ again
    | turn\ .*\ (?:on|off)\ again
    | before\ (?:the\ |we\ |a\ )?(?:releas\w+|merg\w+|commit\w*|ship\w*|deploy\w*|going\ live|production)
    | (?:do\ not|don'?t|never)\ (?:merge|commit|ship|release|deploy) )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find marks in comments, one a line."""
    for node in nodes_of(tree, _COMMENTS):
        rows = text_of(node).split("\n")
        for offset, row in enumerate(rows):
            line = line_of(node) + offset
            match = _MARK.search(row[:_LONGEST]) if line in file.added else None
            if match is None or _is_owned(
                " ".join((match["rest"], *(row[:_LONGEST] for row in rows[offset + 1 : offset + 3])))
            ):
                continue
            word = match["word"] or match["inside"]
            following = _comment_after(file, line)
            if is_tracked(following) or _WAITS.search(match["rest"]):
                continue
            message = f"{word} without an owner or a ticket"
            yield Found(
                file.path,
                line,
                message,
                suggestion="do it, or name who does and where it is tracked",
                severity="medium" if _UNDO.search(match["rest"]) else None,
            )


def _is_owned(rest: str) -> bool:
    """Say whether what follows the mark names a person, a ticket or a condition."""
    return _OWNER.match(rest) is not None or is_tracked(rest)


def _comment_after(file: ChangedFile, line: int) -> str:
    """Give the comment lines that go on right below a line."""
    rows = []
    for row in file.new_lines[line : line + 4]:
        if not re.match(r"\s*(?:#|//|\*)", row):
            break
        rows.append(row[:_LONGEST])
    return " ".join(rows)


RULE = Rule(
    id="todo-without-owner",
    family="leftover",
    severity="low",
    title="A TODO that nobody owns",
    explanation=(
        "A TODO, FIXME, XXX or HACK without a name, a ticket or a release it waits for is forgotten. "
        "It is `medium` where the words say that the code must not stay as it is (back to, remove before the release)."
    ),
    bad=Example("cart.py", "def total(items):\n    # TODO: validate the prices\n    return sum(items)\n"),
    good=Example("cart.py", "def total(items):\n    # TODO(anna): validate the prices, #412\n    return sum(items)\n"),
    check=in_code(_look, ("todo", "fixme", "xxx", "hack", "wip")),
)
