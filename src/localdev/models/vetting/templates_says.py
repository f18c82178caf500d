"""What a chat template says of its own: the texts it adds, and what in them is meant for no reader to see.

Whether such a text is meant well is a matter of judgement, so a user can overrule these rules.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from localdev.models.vetting.templates_parse import Findings, Unreadable, visible, walk
from localdev.models.vetting.templates_values import Values

if TYPE_CHECKING:
    from jinja2 import nodes

_MOST_LETTERS = 1_000_000  # of all constant texts together; published templates come to 60,000
_RUNNING = {"template-link", "template-markup", "template-command", "template-steering", "template-blob"}
_MOST_SAID = 50
_LONGEST_SAID = 2000
_MARKUP = re.compile(
    r"<\s*(?:script|iframe|img|a|form|style|object|embed|link|meta|svg|html|body|button|base)\b[^>]{0,200}[>=]"
    r"|<!--|javascript:|\bon(?:load|error|click)\s*=|!\[[^\]]{0,80}\]\(", re.IGNORECASE,
)  # fmt: skip
_LINK = re.compile(
    r"\b(?:https?|ftp|wss?|file)://|\bwww\.\w|\bdata:\w+/\w+[;,]"
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"
    r"|(?<![@\w.-])(?!(?:asp|vb|ado|ml|socket|quantum)\.)[\w-]{2,40}\."
    r"(?:com|net|org|io|ru|cn|xyz|top|dev|app|info|biz|site|online|example)\b", re.IGNORECASE,
)  # fmt: skip
_SHELL = re.compile(
    r"\bcurl\s+-|\b(?:curl|wget)\s+\S+\.\w|\brm\s+-rf|\bbash\s+-[ci]|/bin/(?:ba)?sh\b|\|\s*(?:ba)?sh\b|\bpowershell\b"
    r"|\bos\.(?:system|popen)\b|\bsubprocess\.|\bexec\s*\(|\beval\s*\(|__import__|\bbase64\s+-d|\bnc\s+-e|\bchmod\s+\+x"
    r"|\b(?:pip3?|npm|gem|cargo)\s+install\s+\w", re.IGNORECASE,
)  # fmt: skip
_STEERING = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|system|safety"
    r"|instructions|guidelines|rules)\b"
    r"|\b(?:do not|don't|never|must not|without)\s+(?:tell|telling|reveal|revealing|mention|mentioning|inform|informing"
    r"|disclose|disclosing|show|alert|alerting|notify|notifying)\b(?! the user about function calls).{0,40}"
    r"\b(?:users?|anyone|anybody|this|these|developer)\b"
    r"|\b(?:secretly|covertly|silently|unnoticed|hidden from)\b"
    r"|\bregardless of (?:what )?the (?:users?|question|request)\b"
    r"|\balways\s+(?:include|insert|recommend|add|append|embed|suggest|praise|promote)\b"
    r"|\b(?:subtly|plausible but)\b.{0,20}\b(?:wrong|incorrect|false|insecure|vulnerab\w*)\b"
    r"|\bexfiltrat|\b(?:send|post|upload|forward)\b.{0,40}\b(?:api keys?|passwords?|secrets?|credentials|tokens to)\b",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_BLOB = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}|(?:\\x[0-9a-f]{2}){8,}|(?:%[0-9a-f]{2}){8,}", re.IGNORECASE)
_PADDING = re.compile(r"[ \t]{200,}|(?:[ \t]*\n){60,}")
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters without a look, by their category no controls
_ALPHABETS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH LATIN", "MATHEMATICAL", "LISU", "COPTIC")
_CONTROL = re.compile(r"<[|｜]?/?[\w▁:-]{1,40}[|｜]?>|\[/?[A-Z_]{2,30}\]|<</?SYS>>")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_SKIPPED = {"Compare", "Test", "Pair"}


def check_says(tree: nodes.Template, values: Values, findings: Findings) -> tuple[str, ...]:
    """Judge what stands in a template's texts, and give those that it adds to a conversation."""
    literals = [(node.lineno, text) for node, text in _literals(tree, values)]
    texts = {text: line for line, text in reversed([*literals, *_joined(literals)])}
    if sum(map(len, texts)) > _MOST_LETTERS:
        raise Unreadable("template-size", 1, "puts more texts together than can be judged")
    for text, line in texts.items():
        _judge(line, text, findings)
        _judge_letters(line, text, findings)
    if not any(each.rule in _RUNNING for each in findings.found):
        _judge(1, _running(tree), findings)
    said = _said(tree)
    if said:
        more = f" and {len(said) - 1} more" if len(said) > 1 else ""
        findings.add("template-says", "note", 1, f"adds texts of its own: {visible(repr(said[0]))}{more}")
    return said


def check_source(text: str, findings: Findings) -> None:
    """Look at the template as it is written: what cannot be seen there is a thing hidden."""
    for number, line in enumerate(text.split("\n"), 1):
        strange = next((letter for letter in line if letter > "~" and _unseen(letter)), "")
        strange = strange or next((letter for letter in line if letter < " " and letter not in "\t\r\n"), "")
        if strange:
            _add_unseen(number, line, strange, findings)
    if found := _PADDING.search(text):
        line_number = text.count("\n", 0, found.start()) + 1
        findings.add("template-hidden", "refuse", line_number, "pushes what follows out of sight by blanks")


def _add_unseen(number: int, line: str, letter: str, findings: Findings) -> None:
    """Note a letter that cannot be seen, with what stands around it."""
    at = line.index(letter)
    name = unicodedata.name(letter, f"U+{ord(letter):04X}")
    around = visible(line[max(0, at - 20) : at + 20])
    findings.add("template-hidden", "refuse", number, f"holds an invisible character, {name}: {around}")


def _unseen(letter: str) -> bool:
    """Say whether a letter has no look, or turns the direction of those after it."""
    return letter in _BLANK or unicodedata.category(letter) in ("Cf", "Cc", "Co", "Cn", "Cs", "Zl", "Zp")


def _literals(tree: nodes.Template, values: Values) -> Iterator[tuple[nodes.Node, str]]:
    """Give every text in a template, and those that constants come to together."""
    for node in walk(tree):
        each: Any = node
        kind = type(each).__name__
        if kind in ("TemplateData", "Const", "Concat", "Add", "Filter", "Name"):
            text = values.constant(each)
            if isinstance(text, str) and text:
                yield each, text


def _joined(literals: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Give neighbouring short texts as one: a word may be cut in two to hide it."""
    for (line, first), (_, second) in itertools.pairwise(literals):
        if len(first) < 200 and len(second) < 200:
            yield line, first + second


def _running(tree: nodes.Template) -> str:
    """Give the literals that are printed one after the other, as one text: an address may come letter by letter."""
    pieces: list[str] = []
    for node in walk(tree):
        if type(node).__name__ == "Output":
            for each in node.iter_child_nodes():
                text: Any = getattr(each, "data", getattr(each, "value", ""))
                pieces.append(text if isinstance(text, str) else " ")
    return "".join(pieces)


def _judge(line: int, text: str, findings: Findings) -> None:
    """Judge one text by what it holds."""
    for rule, pattern, what in (
        ("template-link", _LINK, "adds an address"),
        ("template-markup", _MARKUP, "adds markup that acts when it is shown"),
        ("template-command", _SHELL, "adds a command"),
        ("template-steering", _STEERING, "tells the model what the user does not see"),
    ):
        if found := pattern.search(text):
            around = visible(text[max(0, found.start() - 15) : found.end() + 25])
            findings.add(rule, "refuse", line, f"{what}: {around}")
    for found in _BLOB.finditer(text):
        if _dense(found.group()):
            findings.add("template-blob", "refuse", line, f"holds an encoded text: {visible(found.group())}")


def _dense(text: str) -> bool:
    """Say whether a long run of letters is an encoded text rather than a name."""
    kinds = [any(map(test, text)) for test in (str.islower, str.isupper, str.isdigit)]
    words = max((len(part) for part in re.split(r"[_/-]", text)), default=0)
    return words >= 30 and (all(kinds) or (kinds[2] and len(set(text)) >= 10))


def _judge_letters(line: int, text: str, findings: Findings) -> None:
    """Letters that cannot be seen once escapes are read, and words of two alphabets that look like one."""
    if text.isascii() and text.isprintable():
        return
    strange = next((each for each in text if each not in "\n\t\r" and _unseen(each)), "")
    if strange:
        _add_unseen(line, text, strange, findings)
    for word in re.findall(r"\w+", text):
        if not word.isascii() and re.search("[A-Za-z]", word) and any(map(_lookalike, word)):
            spelled = visible(word.encode("unicode_escape").decode("ascii"))
            findings.add("template-hidden", "refuse", line, f"mixes alphabets in a word: {spelled}")


def _lookalike(letter: str) -> bool:
    """Say whether a letter is of another alphabet that looks like Latin."""
    return letter > "\x7f" and unicodedata.name(letter, "").startswith(_ALPHABETS)


def _said(tree: nodes.Template) -> tuple[str, ...]:
    """Give the texts of words that a template can print, without its control tokens; what it compares with is none."""
    found: dict[str, None] = {}
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        kind = type(node).__name__
        text = node.data if kind == "TemplateData" else node.value if kind == "Const" else ""
        if isinstance(text, str) and text:
            clean = " ".join(_CONTROL.sub(" ", text).split())
            if len(_WORDS.findall(clean)) >= 3:
                found[clean[:_LONGEST_SAID]] = None
        refusal = kind == "Call" and getattr(node.node, "name", "") == "raise_exception"
        if kind not in _SKIPPED and not refusal:
            waiting.extend(reversed(list(node.iter_child_nodes())))
    return tuple(found)[:_MOST_SAID]
