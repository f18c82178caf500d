"""What may be asked of a node of a syntax tree: the part of tree-sitter's own node that other rooms use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class SyntaxNode(Protocol):
    """A node; offsets are in bytes, points are (row, column in bytes) counted from 0."""

    @property
    def id(self) -> int:
        """A number that no other node of the tree has."""
        ...

    @property
    def type(self) -> str:
        """The grammar's name of this kind of node."""
        ...

    @property
    def text(self) -> bytes | None:
        """The source text in UTF-8."""
        ...

    @property
    def start_byte(self) -> int:
        """Where it starts."""
        ...

    @property
    def end_byte(self) -> int:
        """Where it ends, exclusive."""
        ...

    @property
    def start_point(self) -> tuple[int, int]:
        """Row and column where it starts."""
        ...

    @property
    def end_point(self) -> tuple[int, int]:
        """Row and column where it ends."""
        ...

    @property
    def parent(self) -> SyntaxNode | None:
        """The node around it."""
        ...

    @property
    def children(self) -> Sequence[SyntaxNode]:
        """All nodes directly inside, punctuation included."""
        ...

    @property
    def named_children(self) -> Sequence[SyntaxNode]:
        """The nodes directly inside that the grammar names."""
        ...

    @property
    def is_named(self) -> bool:
        """Say whether it is more than punctuation or a keyword."""
        ...

    @property
    def is_missing(self) -> bool:
        """Say whether the parser put it in to go on."""
        ...

    @property
    def has_error(self) -> bool:
        """Say whether it or anything inside could not be read."""
        ...

    def child_by_field_name(self, name: str, /) -> SyntaxNode | None:
        """Give the child in a named place of the grammar."""
        ...

    def children_by_field_name(self, name: str, /) -> Sequence[SyntaxNode]:
        """Give the children in a named place of the grammar."""
        ...
