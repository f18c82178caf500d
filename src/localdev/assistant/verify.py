"""Checks an answer while it streams: citations, files and lines must exist, names in backticks must be known.

Text flows word by word; only an open `[...]` or backtick span is held back until it closes. Inside fenced code
nothing is touched, because `items[0]` is no citation there.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Protocol

# [2], [1, 3], [1-3], [^2] and the full-width brackets that some models write.
_CITATION = re.compile(r"[\[【]\s*\^?\d{1,4}(?:\s*[,;–-]\s*\^?\d{1,4})*\s*[\]】]")
_OPEN_CITATION = re.compile(r"[\[【][\s^\d,;–-]*\Z")
_LONGEST_CITATION = 40
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_MAYBE_FENCE = re.compile(r" {0,3}(`{0,2}|~{0,2})\Z")
_SPECIAL = re.compile(r"[\[【`\n]")
# An inline span longer than this is not a name; it is let go as text.
_LONGEST_SPAN = 300
# A single name, path or call inside backticks; anything else (an expression, a shell line) is not a name to look up.
_NAME = re.compile(
    r"[@$#.~]*((?:[\w$-]+(?:\.|::|->|#|/|\\))*[A-Za-z_$][\w$-]*[!?]?(?:\.\w+)*)(?:\(.*\)|<.*>)?(?::(\d+)(?:-(\d+))?)?"
)
# Endings of source and configuration files that answers speak of: in `walk.py` the last part is no name.
_ENDING = (
    r"\.(?:[ch]|cc|cpp|cs|css|exs?|go|hpp|hs|html|java|[jt]sx?|json|kt|lua|md|php|py|rb|rs|scala|sh|sql|swift"
    r"|toml|txt|ya?ml|zig)"
)
_FILE_NAME = re.compile(rf"{_ENDING}\Z")
# A place in plain text: a path with a folder, or a file with a line. What follows `//` or `:` belongs to an address.
_PLACE = re.compile(
    rf"(?<![\w/.:@-])((?:[\w.@-]+/)+[\w.@-]*\w{_ENDING}|[\w.@-]*\w{_ENDING}(?=:\d))(?::(\d+)(?:-(\d+))?)?(?![\w/])"
)
# The end of a piece that may go on as a path in the next one.
_OPEN_PLACE = re.compile(r"[\w./:@-]+\Z")
_LONGEST_PLACE = 200
UNVERIFIED_MARK = " (unverified)"


class Lookup(Protocol):
    """Says what exists."""

    def has_name(self, name: str) -> bool:
        """Say whether a name of code stands in the repository, the question or the passages."""
        ...

    def has_place(self, path: str, last_line: int) -> bool:
        """Say whether a file of that path is there and has that many lines (0: any)."""
        ...


def is_file_name(text: str) -> bool:
    """Say whether a text ends as source and configuration files do."""
    return _FILE_NAME.search(text) is not None


def name_in(span: str) -> str:
    """Give the name that an inline code span consists of, empty when it is an expression, a literal or a command."""
    match = _NAME.fullmatch(span.strip())
    return match.group(1) if match else ""


@dataclass(slots=True)
class Verifier:
    """Feeds on raw text and gives back text that may be shown.

    `sources` are the numbers of the passages it may cite.
    """

    sources: Container[int]
    lookup: Lookup
    cited: list[int] = field(default_factory=list)
    dropped: int = 0
    unverified: list[str] = field(default_factory=list)
    _buffer: str = ""
    _spaces: str = ""
    _fence: str = ""
    _line_start: bool = True
    _after_word: bool = False

    def feed(self, text: str) -> str:
        """Take the next piece and give what can be shown by now."""
        self._buffer += text
        return self._drain(final=False)

    def finish(self) -> str:
        """Give the rest; what is still open is let go as it stands."""
        rest = self._drain(final=True)
        spaces, self._spaces = self._spaces, ""
        return rest + spaces

    def _drain(self, *, final: bool) -> str:
        """Take steps until one must wait for more text."""
        shown: list[str] = []
        while self._buffer:
            step = self._code_step(final) if self._fence else self._text_step(final)
            if step is None:
                break
            shown.append(step)
        return "".join(shown)

    def _code_step(self, final: bool) -> str | None:
        """Pass one line of fenced code; the fence that closes it is told from its whole line."""
        end = self._buffer.find("\n")
        line = self._buffer if end < 0 else self._buffer[: end + 1]
        if end < 0 and not final and self._line_start and re.fullmatch(r"[ `~]*", line):
            return None
        if self._line_start and line.strip().startswith(self._fence) and not line.strip().strip(self._fence[0]):
            self._fence = ""
        self._line_start = line.endswith("\n")
        return self._take(len(line))

    def _text_step(self, final: bool) -> str | None:
        """Pass plain text up to the next character that may mean something, then deal with that."""
        if self._line_start:
            fence = _FENCE.match(self._buffer)
            if fence:
                return self._open_fence(fence, final)
            if not final and _MAYBE_FENCE.match(self._buffer):
                return None
        special = _SPECIAL.search(self._buffer)
        end = special.start() if special else len(self._buffer) if final else self._end_of_words()
        if end > 0:
            return self._plain(self._take(end))
        if special is None:
            return None
        if self._buffer[0] == "\n":
            self._line_start = True
            return self._with_spaces(self._take(1))
        self._line_start = False
        return self._span_step(final) if self._buffer[0] == "`" else self._bracket_step(final)

    def _end_of_words(self) -> int:
        """Give how much of the buffer can pass: its last word waits, because it may go on as a path."""
        tail = _OPEN_PLACE.search(self._buffer)
        return len(self._buffer) if tail is None or len(tail.group(0)) > _LONGEST_PLACE else tail.start()

    def _open_fence(self, fence: re.Match[str], final: bool) -> str | None:
        """Enter fenced code once its opening line is whole, so that its length is known."""
        end = self._buffer.find("\n")
        if end < 0 and not final:
            return None
        self._fence = fence.group(1)
        return self._with_spaces(self._take(len(self._buffer) if end < 0 else end + 1))

    def _span_step(self, final: bool) -> str | None:
        """Check a backtick span once it is closed."""
        ticks = re.match(r"`+", self._buffer)
        run = ticks.group(0) if ticks else "`"
        if len(run) == len(self._buffer) and not final:
            return None
        close = re.search(rf"(?<!`){run}(?!`)", self._buffer[len(run) :])
        end_known = close is not None and (final or len(run) + close.end() < len(self._buffer))
        too_long = len(self._buffer) > _LONGEST_SPAN or "\n\n" in self._buffer
        if close is None or not end_known:
            if not final and not (too_long and close is None):
                return None
            if close is None:
                return self._with_spaces(self._take(len(run)))
        inner = self._buffer[len(run) : len(run) + close.start()]
        return self._with_spaces(self._take(len(run) + close.end()) + self._mark(inner))

    def _mark(self, span: str) -> str:
        """Note a name nobody knows; it is marked where it stands first."""
        match = _NAME.fullmatch(span.strip())
        if match is None:
            return ""
        if is_file_name(match.group(1)):
            return self._mark_place(match)
        return self._mark_unless(self.lookup.has_name(match.group(1)), match.group(1))

    def _mark_place(self, match: re.Match[str]) -> str:
        """Note a file, or a line of one, that is not there."""
        path, first, last = match.group(1), match.group(2), match.group(3)
        lines = f":{first}-{last}" if last else f":{first}" if first else ""
        return self._mark_unless(self.lookup.has_place(path, int(last or first or 0)), path + lines)

    def _mark_unless(self, exists: bool, what: str) -> str:
        """Give the mark for something that is not known and was not marked before."""
        if exists or what in self.unverified:
            return ""
        self.unverified.append(what)
        return UNVERIFIED_MARK

    def _bracket_step(self, final: bool) -> str | None:
        """Keep the valid numbers of a citation and drop the others; a bracket that is none passes."""
        match = _CITATION.match(self._buffer)
        if match is None:
            waiting = len(self._buffer) <= _LONGEST_CITATION and _OPEN_CITATION.match(self._buffer)
            return None if waiting and not final else self._with_spaces(self._take(1))
        if self._after_word and not self._spaces and _numbers(match.group(0)) == [0]:
            return self._take(match.end())  # `argv[0]` in prose: passages are counted from 1, so it is no citation
        self._take(match.end())
        kept = [number for number in _numbers(match.group(0)) if self._valid(number)]
        if not kept:
            self._spaces = ""
            return ""
        return self._with_spaces("[" + ", ".join(str(number) for number in kept) + "]")

    def _valid(self, number: int) -> bool:
        """Count a number as cited or dropped."""
        if number not in self.sources:
            self.dropped += 1
            return False
        if number not in self.cited:
            self.cited.append(number)
        return True

    def _plain(self, text: str) -> str:
        """Pass text, but keep its last spaces: they go away with a dropped citation."""
        self._line_start = False
        text = _PLACE.sub(lambda match: match.group(0) + self._mark_place(match), text)
        kept = text.rstrip(" ")
        if not kept:
            self._spaces += text
            return ""
        before, self._spaces = self._spaces, text[len(kept) :]
        self._after_word = kept[-1].isalnum() or kept[-1] == "_"
        return before + kept

    def _with_spaces(self, text: str) -> str:
        """Put the kept spaces before `text`."""
        before, self._spaces = self._spaces, ""
        self._after_word = False
        return before + text

    def _take(self, count: int) -> str:
        """Cut `count` characters off the buffer."""
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


def _numbers(citation: str) -> list[int]:
    """Read the numbers of a citation; `1-3` is 1, 2, 3 (a range wider than 20 gives its ends alone)."""
    numbers: list[int] = []
    for part in re.split(r"[,;]", citation.strip("[]【】 ")):
        ends = [int(digits) for digits in re.findall(r"\d+", part)]
        wide = len(ends) == 2 and 0 <= ends[1] - ends[0] <= 20
        numbers.extend(range(ends[0], ends[1] + 1) if wide else ends)
    return list(dict.fromkeys(numbers))


def last_part(name: str) -> str:
    """Give the last part of a dotted name or path, a file name whole: `Session.get` -> get, `a/walk.py` -> walk.py."""
    tail = re.split(r"::|->|#|/|\\", name.rstrip("/"))[-1]
    return tail if is_file_name(tail) else tail.rpartition(".")[2]
