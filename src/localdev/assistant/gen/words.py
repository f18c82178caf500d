"""Words for what has only a name: a summary in the mood of the file, a few words for a parameter; nothing invented."""

from __future__ import annotations

from localdev.assistant.gen.signature import Parameter, Raised, Signature
from localdev.core.code import Symbol
from localdev.core.words import identifier_parts

# Verbs that functions begin with; another first word is taken for a noun.
_VERBS = frozenset(
    {
        "accept", "add", "allow", "append", "apply", "assert", "attach", "bind", "build", "cache", "call", "cancel",
        "change", "check", "choose", "clean", "clear", "clone", "close", "collect", "combine", "compare", "compile",
        "compute", "configure", "connect", "consume", "convert", "copy", "count", "create", "decode", "decrypt",
        "define", "delete", "deserialize", "destroy", "detect", "disable", "discard", "dispatch", "display", "download",
        "draw", "drop", "dump", "emit", "enable", "encode", "encrypt", "ensure", "escape", "evaluate", "execute",
        "expand", "export", "extend", "extract", "fail", "fetch", "fill", "filter", "find", "finish", "fire", "fix",
        "flatten", "flush", "format", "generate", "get", "give", "group", "handle", "hash", "hide", "ignore", "import",
        "increment", "index", "init", "initialize", "insert", "install", "invoke", "iterate", "join", "keep", "launch",
        "list", "listen", "load", "lock", "log", "lookup", "make", "mark", "match", "merge", "mount", "move",
        "normalize", "notify", "open", "order", "pack", "parse", "patch", "perform", "pick", "ping", "play", "pop",
        "prepare", "print", "process", "produce", "pull", "push", "put", "query", "quote", "raise", "read", "receive",
        "record", "redirect", "reduce", "refresh", "register", "reject", "release", "reload", "remove", "rename",
        "render", "repeat", "replace", "report", "request", "require", "reset", "resize", "resolve", "respond",
        "restore", "resume", "retry", "return", "reverse", "revoke", "rotate", "round", "run", "save", "scan",
        "schedule", "score", "search", "select", "send", "serialize", "serve", "set", "shift", "show", "shut", "skip",
        "sleep", "slice", "sort", "split", "start", "stop", "store", "strip", "submit", "subscribe", "sum", "swap",
        "sync", "take", "test", "throw", "toggle", "track", "transform", "translate", "trigger", "trim", "try",
        "unescape", "unlock", "unpack", "unquote", "unregister", "unwrap", "update", "upload", "use", "validate",
        "verify", "visit", "wait", "walk", "warn", "watch", "wrap", "write", "yield",
    }
)  # fmt: skip
_CONSTRUCTORS = frozenset({"__init__", "__new__", "initialize", "__construct", "new"})
_LONGEST_DEFAULT = 40
_QUESTIONS = {
    "is": "it is",
    "has": "it has",
    "can": "it can",
    "should": "it should",
    "are": "they are",
    "was": "it was",
}


def plain(name: str) -> str:
    """Give a name's parts as words: `maxItems` -> max items."""
    return " ".join(identifier_parts(name)) or name


def summary(symbol: Symbol, signature: Signature, *, third_person: bool) -> str:
    """Give one sentence from a symbol's name and kind.

    `third_person` chooses between "Read the settings." and "Reads the settings.".
    """
    parts = identifier_parts(symbol.name)
    if symbol.kind == "constructor" or (symbol.parent and symbol.name in _CONSTRUCTORS):
        owner = symbol.parent.rpartition(".")[2] or symbol.name
        article = "an" if owner[:1].lower() in "aeiou" else "a"
        return f"{_conjugated('create', third_person)} {article} `{owner}`."
    if not parts:
        return f"`{symbol.name}`."
    if not signature.callable:
        return f"{_capital(' '.join(parts))}."
    first, rest = parts[0], " ".join(parts[1:])
    if first in _QUESTIONS and rest:
        return f"{_conjugated('say', third_person)} whether {_QUESTIONS[first]} {rest}."
    if first in ("to", "as", "into") and rest:
        return f"{_conjugated('convert', third_person)} to {rest}."
    if first == "from" and rest:
        return f"{_conjugated('create', third_person)} from {rest}."
    if first in ("on", "when") and rest:
        return f"{_conjugated('handle', third_person)} {rest}."
    if first in _VERBS:
        return f"{_conjugated(first, third_person)} {rest}".rstrip() + "."
    if signature.gives or signature.yields:
        return f"{_conjugated('give', third_person)} the {' '.join(parts)}."
    return f"{_conjugated('run', third_person)} {' '.join(parts)}."


def _conjugated(verb: str, third_person: bool) -> str:
    """Give a verb in the mood asked for, with a capital."""
    if not third_person:
        return _capital(verb)
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return _capital(verb[:-1] + "ies")
    return _capital(verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s"))


def _capital(text: str) -> str:
    """Give a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def about_parameter(parameter: Parameter) -> str:
    """Say what the signature says of a parameter."""
    if parameter.kind == "rest":
        return "further values"
    if parameter.kind == "keywords":
        return "further values by name"
    if parameter.kind == "block":
        return "the block to call"
    words = f"the {plain(parameter.name)}"
    short = len(parameter.default) <= _LONGEST_DEFAULT and _quotable(parameter.default)
    return f"{words}, `{parameter.default}` by default" if short else words


def _quotable(code: str) -> bool:
    """Say whether code can stand between backticks in any comment: it is there, and ends neither."""
    return bool(code) and not any(mark in code for mark in ("`", "*/", '"""', "'''"))


def about_result(signature: Signature) -> str:
    """Say what the signature says of what is given back."""
    one = "the values, one after the other" if signature.yields else "the result"
    return f"{one}, of type `{signature.returns}`" if _quotable(signature.returns) else one


def about_error(raised: Raised) -> str:
    """Say what the code says of when something is raised."""
    return f"when `{raised.when}`" if _quotable(raised.when) else "in the cases that the code names"


def sentence(text: str) -> str:
    """Give a text with a capital and an end."""
    text = text.strip()
    return _capital(text) + ("" if text.endswith((".", "!", "?", ":")) else ".") if text else ""
