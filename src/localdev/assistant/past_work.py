"""Tests made of a repository's own history: which files a question leads to, and which line belongs in a gap."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from localdev.assistant.complete import CompleteRequest, complete
from localdev.core.chat import Sampling
from localdev.core.events import Result
from localdev.core.ports import ChatBackend
from localdev.source.history import AddedLine, PastCommit
from localdev.source.languages import language_of, languages

# A commit over more files has no place that its subject could lead to.
_MOST_PATHS = 5
_MOST_FILES = 50
_LEAST_WORDS = 3
# What tells of every commit in its own words is found by them, which says nothing of a search.
_CHRONICLE = re.compile(r"^(?:change(?:s|log)|history|news|release(?:s|[-_ ]?notes))\b[^/]*$", re.IGNORECASE)
# What stands before the subject proper (`fix(cli):`, `[core]`, `ABC-12:`) and behind it (`(#123)`).
_PREFIX = re.compile(r"^(?:\[[^\]]+\]\s*|[\w./-]+(?:\([^)]*\))?!?:\s+|[A-Z]+-\d+:?\s+)+")
_NUMBER = re.compile(r"\s*\(?#\d+\)?")
# Commits that say nothing of what they change.
_EMPTY = re.compile(
    r"^(?:revert|merge|bump|release|prepare|update (?:changelog|dependenc|version)|version|v?\d+\.)", re.IGNORECASE
)
_DEPTHS = (1, 3, 10)
_SHORTEST_LINE, _LONGEST_LINE = 12, 120
_COMMENT = ("#", "//", "/*", "*", "--", '"""', "'''", "<!--", ";", "%")
# What a file imports is decided elsewhere than in the lines around it.
_IMPORT = ("import ", "from ", "use ", "using ", "package ", "require ", "export *", "export {")
_MOST_OF_A_COMMIT = 3
_LINE_TOKENS = 64
_Z = 1.96  # of the normal distribution, for 95 %


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wrote of a change, and the files it was about: those a search for it should find."""

    text: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A line that somebody wrote, cut in two: the text before the cut, what belongs behind it, and the rest below."""

    path: str
    prefix: str
    expected: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A share: `hits` of `total` cases."""

    hits: int
    total: int

    @property
    def share(self) -> float:
        """Give hits by cases, 0 without any."""
        return self.hits / self.total if self.total else 0.0

    def interval(self) -> tuple[float, float]:
        """Give the bounds between which the share lies with 95 % confidence, (0, 1) without cases.

        Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927; it holds for
        few cases too, and for shares of 0 and 1.
        """
        if not self.total:
            return 0.0, 1.0
        n, z2 = self.total, _Z**2
        middle = (self.share + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z / (1 + z2 / n) * sqrt(self.share * (1 - self.share) / n + z2 / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Completed:
    """How a model filled the gaps: exactly as they were, and how alike on average (0 to 1)."""

    exact: Rate
    alike: float


def questions(commits: Iterable[PastCommit], indexed: Collection[str], limit: int) -> list[Question]:
    """Make questions of the subjects of commits that touched few files, as far as these are still indexed."""
    found: list[Question] = []
    seen: set[str] = set()
    for commit in commits:
        paths = tuple(path for path in commit.paths if path in indexed and not _is_chronicle(path))
        text = _NUMBER.sub("", _PREFIX.sub("", commit.subject)).strip()
        told = len(text.split()) >= _LEAST_WORDS and not _EMPTY.match(commit.subject) and not _EMPTY.match(text)
        if paths and len(commit.paths) <= _MOST_PATHS and told and text.lower() not in seen:
            seen.add(text.lower())
            found.append(Question(text, paths))
        if len(found) == limit:
            break
    return found


def _is_chronicle(path: str) -> bool:
    """Say whether a file is a list of changes: named like one, and no code."""
    return bool(_CHRONICLE.match(path.rpartition("/")[2])) and not _is_code(path)


def hit_rates(asked: Sequence[Question], ranked: Iterable[Sequence[str]]) -> dict[int, Rate]:
    """Give for each depth the share of questions with one of their files among the first so many files.

    `ranked` holds the paths of the hits of each question, best first; a path that comes again counts once.
    """
    hits = dict.fromkeys(_DEPTHS, 0)
    for question, paths in zip(asked, ranked, strict=True):
        files = list(dict.fromkeys(paths))
        for depth in _DEPTHS:
            hits[depth] += any(path in question.paths for path in files[:depth])
    return {depth: Rate(count, len(asked)) for depth, count in hits.items()}


def gaps(
    commits: Iterable[PastCommit],
    added: Callable[[str], Iterable[AddedLine]],
    text_of: Callable[[str, str], str | None],
    limit: int,
) -> list[Gap]:
    """Cut lines that commits added out of the files as they left them: one line a file, of at most three files each.

    Which line of a file and where it is cut is decided by a digest, so that the same history gives the same gaps.
    """
    found: list[Gap] = []
    for commit in commits:
        # Of imported code, and of the first commit of a history that was cut off, nothing was written just then.
        if len(commit.paths) > _MOST_FILES or not any(map(_is_code, commit.paths)):
            continue
        by_path: dict[str, list[AddedLine]] = {}
        for line in added(commit.id):
            if _is_code(line.path) and _tells(line.text):
                by_path.setdefault(line.path, []).append(line)
        for path, lines in sorted(by_path.items())[:_MOST_OF_A_COMMIT]:
            number = int.from_bytes(hashlib.sha256(f"{commit.id}\0{path}".encode()).digest()[:8])
            gap = _cut(lines[number % len(lines)], text_of(commit.id, path), number)
            if gap is not None:
                found.append(gap)
            if len(found) == limit:
                return found
    return found


def _is_code(path: str) -> bool:
    """Say whether a file holds a programming language, not prose or data."""
    language = languages().get(language_of(path))
    return language is not None and not language.prose and language.loose == "module"


def _tells(text: str) -> bool:
    """Say whether a line is worth guessing: neither a bracket, nor a comment, nor an import."""
    plain = text.strip()
    return (
        _SHORTEST_LINE <= len(plain) <= _LONGEST_LINE
        and not plain.startswith((*_COMMENT, *_IMPORT))
        and bool(re.search(r"[A-Za-z_]{3}", plain))
    )


def _cut(line: AddedLine, text: str | None, number: int) -> Gap | None:
    """Cut a line at its beginning or behind one of its first words; None where the file is not as the commit says."""
    lines = (text or "").split("\n")
    if line.line > len(lines) or lines[line.line - 1].rstrip("\r") != line.text:
        return None
    indent = len(line.text) - len(line.text.lstrip())
    borders = [match.end() for match in re.finditer(r"\w+|[^\w\s]", line.text)]
    places = [indent, *(end for end in borders if end <= indent + (len(line.text) - indent) // 2)]
    at = places[number // 997 % len(places)]
    before = "".join(each + "\n" for each in lines[: line.line - 1])
    after = "\n" + "\n".join(lines[line.line :])
    return Gap(line.path, before + line.text[:at], line.text[at:].rstrip(), after)


def fill(cases: Sequence[Gap], backend: ChatBackend, context_tokens: int) -> Iterator[tuple[Gap, str]]:
    """Have a model fill the gaps, each to the end of its line, and yield what it wrote.

    Raises:
        ModelError: it was not trained for it.
        LocaldevError: what the backend says.
    """
    sampling = Sampling(max_tokens=_LINE_TOKENS, stop=("\n",))
    for case in cases:
        request = CompleteRequest(
            case.prefix, case.suffix, path=case.path, context_tokens=context_tokens, sampling=sampling
        )
        written = ""
        for event in complete(request, backend=backend):
            if isinstance(event, Result):
                written = str(event.payload["completion"])
        yield case, written


def completed(written: Sequence[tuple[Gap, str]]) -> Completed:
    """Compare what was written with what had been there: the first line, without blanks at its ends."""
    pairs = [(case.expected.strip(), (text.split("\n")[0]).strip()) for case, text in written]
    exact = sum(expected == text for expected, text in pairs)
    alike = [difflib.SequenceMatcher(None, expected, text, autojunk=False).ratio() for expected, text in pairs]
    return Completed(Rate(exact, len(pairs)), sum(alike) / len(alike) if alike else 0.0)
