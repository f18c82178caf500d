"""What an answer may speak of: names and files of the repository, the question and the passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from localdev.assistant.verify import last_part
from localdev.core.ports import Repository
from localdev.retrieval.wordlists import word_set

# Words of the languages themselves: an answer may say `None` about code that never does.
KEYWORDS = word_set(
    """
    async await bool break byte case catch char class const continue def del delete do double elif else enum except
    export extends false False finally float fn for func function go if impl import in int interface let long match
    mut nil None not null NULL nullptr number object or package pass private protected public raise return self Self
    short static str string struct super switch template this throw throws trait true True try type typedef uint
    undefined union unless unsigned use using var virtual void when where while with yield
    """
)


class Known:
    """Looks up names and places; `given` are the texts the model was given, which may name things of their own."""

    def __init__(self, repository: Repository, given: Sequence[str]) -> None:
        self._repository = repository
        self._given = "\n".join(given)

    def has_name(self, name: str) -> bool:
        """Say whether a name stands in what was given, or is defined or used in the repository."""
        return name in KEYWORDS or self._was_given(name) or bool(self._repository.known_names([name, last_part(name)]))

    def has_place(self, path: str, last_line: int) -> bool:
        """Say whether the repository has a file of that path (or of that end of a path) with that many lines."""
        wanted = path.removeprefix("./")
        found = [known for known in self._paths if known == wanted or known.endswith("/" + wanted)]
        if not found:
            return self._was_given(path)
        return not last_line or any(self._lines(each) >= last_line for each in found)

    def _was_given(self, name: str) -> bool:
        """Say whether the name stands there as a whole: `parse` does not exist because `parse_file` does."""
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", self._given) is not None

    @cached_property
    def _paths(self) -> list[str]:
        """All indexed paths."""
        return self._repository.paths()

    def _lines(self, path: str) -> int:
        """Give the last line of a file that is not blank."""
        ids = self._repository.chunk_ids(path)[-1:]
        return max((stored.chunk.end_line for stored in self._repository.chunks(ids).values()), default=0)
