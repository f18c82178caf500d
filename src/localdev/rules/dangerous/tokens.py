"""Signed tokens whose signature nobody checks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.around import nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.dangerous.data import function_text, is_call, is_from_request, statement_of
from localdev.rules.dangerous.pairs import pairs
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of

_UNCHECKED = words(
    """
    jwt.UnsafeAllowNoneSignatureType .ParseUnverified .insecure_disable_signature_validation insecure_decode
    jsonwebtoken.dangerous.insecure_decode dangerous_insecure_decode jwt.dangerous_insecure_decode
    .dangerousInsecureDecode Algorithm.none jwt.get_unverified_claims jwt.unsecured jws.get_unverified_claims
    .unsecured dangerous_unsafe_decode
    """
)
_DECODES = words(
    "jwt.decode jose.jwt.decode jsonwebtoken.decode jwt.decode_complete JWT.decode "
    "jwt_decode jwtDecode JWT.verify jwt.verify jsonwebtoken.verify jwt.sign jsonwebtoken.sign "
    "jwt.encode JWT.encode Firebase.JWT.JWT.decode jws.verify"
)
_NONE = re.compile(r"[\[{]?\s*['\"]none['\"]\s*[\]}]?|Algorithm::None|.*SigningMethodNone", re.IGNORECASE)
_OFF = re.compile(
    r"""
    ['"]?verify_(?:signature|sig)['"]?\s*(?:=>|:)\s*(?:False|false) | (?:signatures?|verifySignature)['"]?\s*:\s*false
    | algorithms?['"]?\s*(?:=>|:|=)\s*\[?\s*['"]none['"]
    """,
    re.VERBOSE,
)
_MUST = words(
    "ValidateIssuerSigningKey RequireSignedTokens verify_signature ValidateLifetime "
    "RequireExpirationTime validate_signature verifySignature"
)
_SAYS_UNVERIFIED = re.compile(
    r"(?i)unverified|header|without_?verif|no_?verif|peek|insecure|kid\b"
    r"|expir|exp\b|introspect|debug"
)


def _tokens(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find calls and settings that take a token without checking its signature."""
    taken: set[int] = set()
    for call in calls(tree):
        if is_call(call, _UNCHECKED) or (is_call(call, _DECODES) and _unchecked(tree, call)):
            taken.update(range(call.line, call.end_line + 1))
            yield Found(
                file.path,
                call.line,
                "this takes a token whose signature nobody has checked",
                min(call.end_line, call.line + 8),
                "check the signature, with the algorithms named",
            )
    for node in nodes_of(tree, ("selector_expression",)) if tree.language == "go" else ():
        if text_of(node) == "jwt.UnsafeAllowNoneSignatureType":
            yield Found(
                file.path, line_of(node), "tokens without a signature are taken", suggestion="name the algorithms"
            )
    for pair in pairs(tree):
        if pair.line in taken or _SAYS_UNVERIFIED.search(file.new_lines[pair.line - 1].partition("=")[0]):
            continue
        if pair.plain in _MUST and pair.value.strip() in ("false", "False") and "SAML" not in tree.text:
            severity: Severity = "medium" if "ifetime" in pair.plain or "Expiration" in pair.plain else "high"
            yield Found(
                file.path,
                pair.line,
                f"`{pair.plain}` off: this takes tokens that anybody may write",
                pair.end_line,
                "leave the check on",
                severity,
            )


def _unchecked(tree: SyntaxTree, call: Call) -> bool:
    """Say whether the arguments of a call switch the check off."""
    given = call.arguments
    target = statement_of(call.node).partition("=")[0]
    if any(_OFF.search(each.text) or _NONE.fullmatch(each.text.strip()) for each in given):
        return not _SAYS_UNVERIFIED.search(target)
    if any(each.keyword == "verify" and each.text == "False" for each in given):
        return True
    if tree.language in SCRIPT:
        return _unchecked_script(tree, call)
    if tree.language == "java":
        return call.name == "JWT.decode" and "verify(" not in tree.text and "JWTVerifier" not in tree.text
    return tree.language == "ruby" and len(given) > 2 and given[2].text == "false"


def _unchecked_script(tree: SyntaxTree, call: Call) -> bool:
    """Say whether JavaScript only decodes, or checks against no key."""
    if call.last == "verify":
        return len(call.arguments) > 1 and call.arguments[1].text in ("null", "undefined", "''", '""')
    token = call.positional(0)
    if token is None or (call.last == "decode" and not call.resolved.startswith(("jsonwebtoken", "jwt"))):
        return False
    said = statement_of(call.node).replace(token.text, "")  # `req.headers` is where it comes from
    if _SAYS_UNVERIFIED.search(said) or call.last not in ("decode", "jwtDecode", "jwt_decode"):
        return False
    if is_from_request(tree, token):
        return "verify" not in function_text(call.node).lower()
    return call.last == "decode" and "verify" not in tree.text


RULE = Rule(
    id="jwt-unverified",
    family="dangerous-call",
    severity="high",
    title="A token's signature is not checked",
    explanation=(
        "A token without a checked signature says whatever its sender likes. Check it, and "
        "name the algorithms; `none` is not one."
    ),
    bad=Example(
        "auth.py",
        "import jwt\n\ndef user(token):\n    return jwt.decode(token, options={'verify_signature': False})['sub']\n",
    ),
    good=Example(
        "auth.py",
        "import jwt\n\ndef user(token, key):\n    return jwt.decode(token, key, algorithms=['RS256'])['sub']\n",
    ),
    check=in_code(
        _tokens,
        (
            "jwt",
            "nonesignature",
            "jsonwebtoken",
            "jws",
            "signingkey",
            "signedtokens",
            "verify_signature",
            "validatelifetime",
            "unverified",
            "signature_validation",
        ),
    ),
)
