"""Secrets compared in a way that tells how much of them was right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import function_of, name_of, nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of

_COMPARISONS = words("comparison_operator binary_expression binary")
_EQUAL = words("== === != !==")
_METHODS = words("equals Equals equalsIgnoreCase eql?")
_CALLS = words(
    "strcmp memcmp strncmp bytes.Equal bytes.Compare Arrays.equals strings.EqualFold string.Equals "
    "std.strcmp std.memcmp"
)
# Names of what is secret, and of what it is held against.
_SECRET = re.compile(
    r"""
    hmac | signature | (?:^|[._])sig(?:nature)?\b | api_?key | secret | passw(?:or)?d | csrf | xsrf
    | (?:auth|access|session|reset|remember|verif\w*|admin|shared|refresh|webhook|bearer|activation|api)_?token
    | \bmac\b | mac$
    | (?:expected|provided|given|received|computed|stored|actual)_?(?:sig|token|mac)
    | x-[\w-]*(?:token|signature|key)
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A digest is secret only where a key goes into it.
_DIGEST = re.compile(
    r"hexdigest|(?:expected|provided|given|received|computed|stored|actual)_?(?:hash|digest)", re.IGNORECASE
)
_OTHER = re.compile(
    r"""
    expected | computed | calculated | provided | given | received | stored | actual | request | \breq\b | header
    | param | query | body | cookie | hmac | signature | \bsig | digest | hash | secret
    | token | passw | key | env | config | settings | user | input | supplied | session | _GET | _POST | \bmac
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Not secret after all, or both sides come from the same hand.
_HARMLESS = re.compile(
    r"""
    confirm | repeat | again | retype | old_?pass | new_?pass | password_?2 | previous | last_?(?:hash|digest)
    | cache | etag | file | content_?hash | git | commit | block | image | layer | manifest | package | checksum
    | sum\b | lock
    | chunk | blob | method | func | param_?types | algorithm | type | kind | name | version | length | len\(
    | count | size | index | is_?valid | prev | key_?env\b | signature\.(?:params|return) | getSignature | signal
    | \bother\.
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Functions that compare two objects of one program.
_SAMENESS = words("__eq__ __ne__ equals Equals == eql? operator== eq isEqual __lt__")
_PLAIN = re.compile(
    r"(?i:none|null|nil|undefined|true|false|nullptr|string\.empty)|-?\d[\w.]*|[A-Z][A-Z0-9_]*|:\w+|['\"`].{0,2}['\"`]"
)
_TEXT = re.compile(r"[a-z]?(?P<quote>['\"`]).{6,}(?P=quote)")
_PASSWORD = re.compile(
    r"(?:\w+[._])*(?:passw(?:or)?d|passwd|pwd|secret|api_?key|(?:admin|auth|access)_?token)", re.IGNORECASE
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find comparisons of two values that are secrets by their names."""
    message = "comparing a secret like this takes longer the more of it is right: it can be guessed bit by bit"
    suggestion = "compare in constant time (`compare_digest`, `timingSafeEqual`, `hash_equals`, `ConstantTimeCompare`)"
    keyed = "hmac" in tree.text.lower()
    for node in nodes_of(tree, _COMPARISONS):
        if file.touched(line_of(node), end_line_of(node)) and _compares_secret(*_sides(node), keyed=keyed):
            if name_of(function_of(node, named=True)) in _SAMENESS:
                continue
            yield Found(file.path, line_of(node), message, end_line_of(node), suggestion)
    for call in calls(tree):
        if file.touched(call.line, call.end_line) and _compares_secret(*_given(call), keyed=keyed):
            yield Found(file.path, call.line, message, min(call.end_line, call.line + 2), suggestion)


def _sides(node: SyntaxNode) -> tuple[str, str]:
    """Give the two sides of a comparison for being equal, empty for any other."""
    children = node.children
    if len(children) != 3 or children[1].type not in _EQUAL:
        return "", ""
    return text_of(children[0]).strip(), text_of(children[2]).strip()


def _given(call: Call) -> tuple[str, str]:
    """Give what a call compares, empty for one that does not."""
    texts = [each.text.strip() for each in call.arguments[:2]]
    if call.last in _METHODS and call.receiver is not None and len(texts) == 1:
        return text_of(call.receiver).strip(), texts[0]
    if (call.name in _CALLS or call.resolved in _CALLS) and len(texts) == 2:
        return texts[0], texts[1]
    return "", ""


def _compares_secret(left: str, right: str, *, keyed: bool) -> bool:
    """Say whether two expressions are a secret and what somebody sent."""
    if not left or not right or max(len(left), len(right)) > 160 or _PLAIN.fullmatch(left) or _PLAIN.fullmatch(right):
        return False
    for text, other in ((left, right), (right, left)):
        if _TEXT.fullmatch(text):
            return re.search(r"\d|[^\w'\"` ]", text[1:-1]) is not None and _PASSWORD.fullmatch(other) is not None
    if _HARMLESS.search(f"{left} {right}") or not (_OTHER.search(left) and _OTHER.search(right)):
        return False
    return any(_SECRET.search(side) or (keyed and _DIGEST.search(side)) for side in (left, right))


RULE = Rule(
    id="secret-comparison",
    family="dangerous-call",
    severity="medium",
    title="A secret is compared in a way that tells how much was right",
    explanation=(
        "`==` stops at the first difference: measuring the time tells how much of a signature or "
        "token was right. Compare in constant time. "
        "Only comparisons whose names say that both sides are secrets are looked at."
    ),
    bad=Example(
        "hook.py",
        "import hmac\n\ndef check(key, body, signature):\n    expected = hmac.new(key, body, "
        "'sha256').hexdigest()\n    return signature == expected\n",
    ),
    good=Example(
        "hook.py",
        "import hmac\n\ndef check(key, body, signature):\n    expected = hmac.new(key, body, "
        "'sha256').hexdigest()\n    return hmac.compare_digest(signature, expected)\n",
    ),
    check=in_code(
        _look,
        ("hmac", "signature", "secret", "passw", "digest", "token", "api_key", "apikey", "mac", "csrf", "sig"),
        aside="none",
    ),
)
