"""How a file documents: the form, the marks and the mood, learned from its own documentation, then the repository's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.files import Files, shared
from localdev.assistant.gen.target import Target
from localdev.source.languages import language_of
from localdev.source.parse import parse_file

FORMS = {
    "python": "google",
    "javascript": "jsdoc",
    "typescript": "tsdoc",
    "tsx": "tsdoc",
    "go": "godoc",
    "rust": "rustdoc",
    "java": "javadoc",
    "kotlin": "javadoc",
    "scala": "javadoc",
    "c": "doxygen",
    "cpp": "doxygen",
    "c_sharp": "xmldoc",
    "ruby": "yard",
    "php": "phpdoc",
}
SECTIONS = ("parameters", "returns", "raises")
# Files looked at where the target's own does not tell.
_MOST_FILES = 20
_LONGEST_FILE = 200_000
# As many documented functions make a habit.
_HABIT = 3
_PYTHON = {
    "google": (
        r"^(?:Args|Arguments|Parameters):[ ]*$",
        r"^(?:Returns|Yields):[ ]*(?:$|\S)",
        r"^Raises:[ ]*$",
    ),
    "numpy": (r"^Parameters\n-{3,}", r"^(?:Returns|Yields)\n-{3,}", r"^Raises\n-{3,}"),
    "rest": (r"^:param\b", r"^:(?:returns?|rtype|yields?)\b", r"^:raises?\b"),
}
_RUBY = {"yard": (r"^@(?:param|option)\b", r"^@(?:return|yield)", r"^@raise\b")}
_NOT_VERBS = frozenset({"this", "is", "has", "was", "its", "as", "class", "process", "access", "always", "address"})


@dataclass(frozen=True, slots=True)
class DocStyle:
    """The form of documentation and what varies within it.

    `sections` are those that are written: of `parameters`, `returns`, `raises`. `quotes` and `opens_below` (a long one
    begins on the line after the quotes) are Python's; `mark` is `@` or a backslash, and `slashes` says that `///` is
    used and not a block (C, C++). `width` is the longest line.
    """

    form: str
    sections: frozenset[str] = frozenset(SECTIONS)
    third_person: bool = False
    quotes: str = '"""'
    opens_below: bool = False
    mark: str = "@"
    slashes: bool = False
    brief: bool = False
    width: int = 100


def learn_style(files: Files, target: Target) -> DocStyle | None:
    """Learn how the target's file documents, and where it does not tell, how others of its language do.

    None for a language whose documentation is not known here.
    """
    language = target.tree.language
    if language not in FORMS:
        return None
    form, sections, docs, texts = FORMS[language], frozenset(SECTIONS), [], [target.text]
    own = _docs(target.path, target.text)
    docs = own
    voted = _form(language, own)
    if (voted is None and language in ("python", "ruby")) or len(docs) < _HABIT:
        near = list(_near(files, target.path, language))
        texts += near
        docs = own + [doc for text in near for doc in _docs(target.path, text)]
        voted = voted or _form(language, docs)
    if voted is not None:
        form, sections = voted
    elif len(docs) >= _HABIT and language in ("python", "ruby"):
        form, sections = "plain", frozenset()
    joined = "\n".join(texts)
    return DocStyle(
        form,
        sections,
        _third_person(docs, language),
        quotes="'''" if target.text.count("'''") > target.text.count('"""') else '"""',
        opens_below=_opens_below(joined),
        mark="\\" if len(re.findall(r"\\(?:param|brief|returns?)\b", joined)) > _marked(joined) else "@",
        slashes=language in ("c", "cpp") and len(re.findall(r"^[ \t]*///", joined, re.M)) > 3 * joined.count("/**"),
        brief=bool(re.search(r"[@\\]brief\b", joined)),
        width=_width(target.text),
    )


def _docs(path: str, text: str) -> list[str]:
    """Give the documentation of what a text defines."""
    return [symbol.doc for symbol in parse_file(path, text.replace("\r\n", "\n")).symbols if symbol.doc]


def _near(files: Files, path: str, language: str) -> Iterator[str]:
    """Yield the texts of other files of the language, the nearest first."""
    others = [each for each in files.paths if each != path and language_of(each) == language]
    others.sort(key=lambda each: (-shared(each, path), each))
    for each in others[:_MOST_FILES]:
        text = files.read(each)
        if text and len(text) <= _LONGEST_FILE:
            yield text


def _form(language: str, docs: Sequence[str]) -> tuple[str, frozenset[str]] | None:
    """Give the form that most documentation has, and the sections that it uses; None where none shows a form."""
    table = {"python": _PYTHON, "ruby": _RUBY}.get(language)
    if table is None:
        return None
    votes: Counter[str] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for doc in docs:
        for form, patterns in table.items():
            hits = [name for name, pattern in zip(SECTIONS, patterns, strict=True) if re.search(pattern, doc, re.M)]
            votes[form] += bool(hits)
            seen.update((form, name) for name in hits)
    form, count = votes.most_common(1)[0] if votes else ("", 0)
    if not count:
        return None
    used = frozenset(name for name in SECTIONS if seen[form, name])
    return form, used if count >= _HABIT else frozenset(SECTIONS)


def _third_person(docs: Sequence[str], language: str) -> bool:
    """Say whether documentation tells what a function does ("Reads ...") and does not order it ("Read ...")."""
    if language == "go":  # it begins with the name, so the rest is a sentence about it
        return True
    firsts = [doc.split(None, 1)[0].lower() for doc in docs if doc.split()]
    firsts = [word for word in firsts if word.isalpha() and word not in _NOT_VERBS]
    told = sum(word.endswith("s") and not word.endswith("ss") for word in firsts)
    if len(firsts) < _HABIT:
        return language not in ("python", "ruby")
    return 3 * told > len(firsts)


def _opens_below(text: str) -> bool:
    """Say whether long docstrings begin on the line after the quotes."""
    below = len(re.findall(r"^[ \t]*[rR]?(?:\"\"\"|''')[ \t]*\r?\n[ \t]*\w", text, re.M))
    beside = len(re.findall(r"^[ \t]*[rR]?(?:\"\"\"|''')\w[^\"'\n]*\r?\n", text, re.M))
    return below > beside


def _marked(text: str) -> int:
    """Count the tags that begin with an at sign."""
    return len(re.findall(r"@(?:param|brief|returns?)\b", text))


def _width(text: str) -> int:
    """Give the line length a file keeps to."""
    longest = max((len(row) for row in text.split("\n")), default=0)
    return next((limit for limit in (79, 88, 100) if longest <= limit), 100)
