"""What of a chunk is turned into its vector."""

from __future__ import annotations

from collections.abc import Sequence

from localdev.core.code import Chunk

# A static embedding is a mean over tokens: past this a longer text only pulls the vector towards the average.
LONGEST_TEXT = 2000
_LONGEST_DOC = 400
_PATH_PARTS = 3


def embedding_text(chunk: Chunk) -> str:
    """Give path, symbol, signature, documentation and then the code, cut to `LONGEST_TEXT` characters.

    What names the chunk comes first, so that it survives the cut and is there even for a part of a long function.
    """
    path = " ".join(chunk.path.split("/")[-_PATH_PARTS:])
    parts = (
        path,
        chunk.symbol,
        chunk.signature,
        chunk.doc[:_LONGEST_DOC],
        *unseen(chunk.members, chunk.text),
        chunk.text,
    )
    return "\n".join(part for part in parts if part)[:LONGEST_TEXT]


def unseen(members: Sequence[str], text: str) -> list[str]:
    """Give the signatures that do not stand in the text: of a class whose methods are chunks of their own."""
    return [member for member in members if member not in text]
