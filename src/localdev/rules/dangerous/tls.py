"""Checks of certificates and host names that are switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from localdev.rules.around import (
    FUNCTIONS,
    NAMED_FUNCTIONS,
    ancestors,
    conditions_around,
    function_of,
    name_of,
    nodes_of,
)
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import is_call
from localdev.rules.dangerous.pairs import Pair, pairs
from localdev.rules.dangerous.shell_lines import both, insecure
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, call_of, calls
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of

_OFF = re.compile(r"(?:false|0L?|['\"]0['\"]|None|nil|FALSE)", re.IGNORECASE)
_ON = re.compile(r"(?:true|1L?|TRUE)", re.IGNORECASE)
_NONE = re.compile(
    r"""
    .*(?:CERT_NONE|VERIFY_NONE|VerifyNone|verify_none|Verify_none|SslVerifyMode(?:::|\.)NONE|create_unverified_context
    |NoopHostnameVerifier|ALLOW_ALL_HOSTNAME_VERIFIER|AllowAllHostnameVerifier|InsecureTrustManagerFactory
    |DangerousAcceptAnyServerCertificateValidator|TrustAllStrategy|TrustSelfSignedStrategy|TrustAllCert\w*).*
    """,
    re.VERBOSE | re.DOTALL,
)
# Settings that must be on, and those that must not.
_MUST = words(
    """
    verify verify_ssl ssl_verify verify_certs verify_cert validate_certs validate_cert check_hostname
    rejectUnauthorized
    strictSSL verify_peer verify_peer_name verify_host verifySsl verifySSL verifyCertificate sslVerify ssl_verifyhost
    ssl_verifypeer CURLOPT_SSL_VERIFYPEER CURLOPT_SSL_VERIFYHOST NODE_TLS_REJECT_UNAUTHORIZED PYTHONHTTPSVERIFY
    checkCertificate sslValidation validateCertificate verify_hostname VERIFY_HOSTNAME verify_tls tls_verify
    ssl_check_hostname
    verifyHost CURLOPT_PROXY_SSL_VERIFYPEER CURLOPT_DOH_SSL_VERIFYPEER
    """
)
_MUST_NOT = words(
    """
    InsecureSkipVerify allow_self_signed disable_ssl_certificate_validation insecureSkipVerify tls_insecure
    insecure_skip_verify
    danger_accept_invalid_certs danger_accept_invalid_hostnames trustAllCerts trustAllCertificates acceptInvalidCerts
    skip_tls_verify skipTlsVerify TrustServerCertificate trustServerCertificate ignoreHTTPSErrors allowInsecure
    acceptInsecureCerts ignore_https_errors
    SkipTLSVerify tlsAllowInvalidCertificates tlsAllowInvalidHostnames tlsInsecure sslAllowInvalidCertificates
    """
)
# The words of which the names of such settings are made: `enable_server_certificate_verification`, `skipTlsCheck`.
_SUBJECT = words("ssl tls https cert certs certificate certificates peer hostname hostnames")
_CHECK = words("verify verification verifies validate validation check checks checking")
_NEGATION = words("skip skips ignore ignores disable disabled bypass no without omit suppress")
_TAKES = words("accept accepts allow allows trust trusts")
_ANYTHING = words("all any invalid insecure untrusted self signed bad expired unverified")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# A value that depends on something else than the user's wish: it is off for some.
_COMPARES = re.compile(
    r"[=!]=|\bis\s+(?:not\s+)?\w|\bin\b|(?i:starts_?with|start_with\?|has_?prefix|includes|contains)\("
)
_MODES = words(
    "cert_reqs verify_mode ssl_cert_reqs verify_mode= hostnameVerifier ServerCertificateCustomValidationCallback"
    " RemoteCertificateValidationCallback"
)
_CALLS = words(
    """
    ssl._create_unverified_context NoopHostnameVerifier AllowAllHostnameVerifier TrustAllStrategy
    TrustSelfSignedStrategy
    ssh.InsecureIgnoreHostKey InsecureIgnoreHostKey .withoutVerifying .ignoreSslErrors
    paramiko.AutoAddPolicy
    AutoAddPolicy .set_certificate_verifier .with_custom_certificate_verifier paramiko.WarningPolicy
    paramiko.client.AutoAddPolicy .disableSslVerification
    """
)
_SWITCHES = words(
    """
    .danger_accept_invalid_certs .danger_accept_invalid_hostnames .danger_accept_invalid_cert .use_sni_off
    .tls_insecure_set
    .setInsecure .setAcceptUntrustedCerts .danger_disable_hostname_verification .setTrustAll .trustAll
    .accept_invalid_certs
    """
)
_SETTERS = words(
    """
    curl_setopt curl_easy_setopt SSL_CTX_set_verify SSL_set_verify .set_verify .set_verify_mode .setPeerVerifyMode
    mbedtls_ssl_conf_authmode wolfSSL_CTX_set_verify wolfSSL_set_verify .hostnameVerifier .setHostnameVerifier
    .setDefaultHostnameVerifier .setSSLHostnameVerifier HttpsURLConnection.setDefaultHostnameVerifier .trustManager
    .loadTrustMaterial .setSslTrustManager .verify_mode gnutls_certificate_set_verify_flags
    """
)
# What callbacks are called that look at certificates and names of hosts, or the callbacks' parameters.
_CALLBACK = re.compile(
    r"""
    (?i: \w*(?:cert(?:ificate)?|host_?name|host_?key|peer|server|identity|tls|ssl|chain|trust)_?\w{0,8}
    (?:valid\w*|verif\w*|check\w*|callback|eval\w*)\w*
    | \w*(?:valid\w*|verif\w*|check\w*)_?\w{0,12}
    (?:cert\w*|host_?name\w*|host_?key\w*|peer\w*|server\w*|identity|callback|proc|mode)
    | set_?verify\w* )
    """,
    re.VERBOSE,
)
_LOOKS_AT = re.compile(
    r"(?i)ssl_?policy_?errors|x509|cert\w*\s*,\s*\w*\s*chain|\bhost_?name\b\s*,\s*\w*\s*(?:session|cert|remote)|preverif\w*"
    r"|ssl_?session|verify_context|ssh\.PublicKey"
)
# The body of a function that agrees to everything.
_AGREES = re.compile(
    r"(?:\{|=>|->|:|\bdo\b|\|)?\s*(?:return\s+)?\(?(?:true|True|1|nil|null|undefined|Ok\(\(\)\)|callback\(0\)"
    r"|(?:Ok\()?(?:\w+::)*ServerCertVerified::assertion\(\)\)?)?\)?\s*;?\s*(?:\}|\bend\b)?",
)
# Rust's verifiers are written by hand; their names say what they do.
_NO_VERIFIER = re.compile(r"(?i)no|skip|accept|danger|any|dummy|insecure|disabled|trust|allow")
_OPTION = re.compile(
    r"(?i)insecure|verif|\bskip|skip_|self.?signed|validat|trust_?(?:all|any|server)|ignore|unsafe|check_?(?:host|cert)"
    r"|localhost|loopback|127\.0\.0\.1|debug|\bdev|_dev|test|cert_?(?:none|reqs)|cert_?check|no_?cert"
)
_NAMED_OPTION = re.compile(r"(?i)insecure|verif|skip_?(?:tls|ssl|cert)|self_?signed")
_TRUST_METHODS = words("checkServerTrusted")
_SERVER_SIDE = re.compile(r"jwt|jose|jws|token|decode|signature|phone|email|schema", re.IGNORECASE)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find settings, calls and functions that let any certificate pass."""
    for pair in pairs(tree):
        if _switches_off(pair) and not _is_option(pair.node):
            yield Found(file.path, pair.line, _message(pair.name), pair.end_line, _SUGGESTION)
    for call in calls(tree):
        at = _call_switches_off(call)
        if at is not None and not _is_option(call.node):
            yield Found(file.path, line_of(at), _message(call.name), end_line_of(at), _SUGGESTION)
    for node in nodes_of(tree, FUNCTIONS | {"block", "do_block"}):
        name = _agrees_to_all(tree, node)
        if name and not _is_option(node):
            yield Found(file.path, line_of(node), _message(name), end_line_of(node), _SUGGESTION)


_SUGGESTION = "leave the check on; add the missing authority to the trusted ones instead"


def _message(name: str) -> str:
    """Say what a setting does."""
    return f"`{name.lstrip('.')}` lets any certificate pass: whoever sits in between reads and changes everything"


def _switches_off(pair: Pair) -> bool:
    """Say whether a setting with its value lets any certificate pass."""
    name, value = pair.plain, pair.value.strip()
    if _NONE.fullmatch(value) and (
        name in _MODES
        or name.endswith(("verify_mode", "_create_default_https_context"))
        or (_CALLBACK.fullmatch(name) is not None and len(value) < 90 and not value.startswith("{"))
    ):
        return True
    if name in _MUST or _is_check(name):
        if value.lower() in ("none", "nil") or _SERVER_SIDE.search(pair.around):
            return False
        return _OFF.fullmatch(value) is not None or (name in _MUST and _depends(value))
    if name in _MUST_NOT or _is_waiver(name):
        return _ON.fullmatch(value) is not None or (name in _MUST_NOT and _depends(value))
    return name == "ssl" and value == "False" and _ASKS.search(pair.around) is not None


def _depends(value: str) -> bool:
    """Say whether a check is on or off by a comparison of something that is not the user's wish for it."""
    return (
        len(value) < _LONGEST and _COMPARES.search(value) is not None and _OPTION.search(_FULL.sub("", value)) is None
    )


# What a mode is compared with that asks for all checks; every other mode then asks for none.
_FULL = re.compile(r"""(['"`])verify[-_]?(?:full|ca|identity|peer)\1""", re.IGNORECASE)
_LONGEST = 200


@lru_cache(maxsize=2048)
def _words_of(name: str) -> frozenset[str]:
    """Give the words of a name, in lower case."""
    return frozenset(each.lower() for each in _WORD.findall(name))


def _is_check(name: str) -> bool:
    """Say whether a setting's name says that certificates are checked."""
    said = _words_of(name)
    return bool(said & _SUBJECT and said & _CHECK) and not said & (_NEGATION | _TAKES | _ANYTHING | _OTHERS)


def _is_waiver(name: str) -> bool:
    """Say whether a setting's name says that certificates are not checked."""
    said = _words_of(name)
    if not said & _SUBJECT or said & _OTHERS:
        return False
    waived = said & _NEGATION and said & (_CHECK | {"errors", "error", "warnings"})
    return bool(waived or (said & _TAKES and said & _ANYTHING) or said & {"insecure", "unverified"})


# Names that speak of when, how often or by what something is checked.
_OTHERS = words("""
    supports support has have can common name interval timeout expiry depth level path file dir url port count time date
    cache retries client
    """)

_ASKS = re.compile(r"TCPConnector|session\.|\.get|\.post|\.ws_connect|\.request")


def _call_switches_off(call: Call) -> SyntaxNode | None:
    """Give the node that switches a check off in a call, None where none does."""
    given = call.arguments
    if is_call(call, _CALLS):
        return (
            call.node
            if len(given) < 3
            and (not call.last.endswith("certificate_verifier") or _NO_VERIFIER.search(given[0].text if given else ""))
            else None
        )
    if (
        call.last == "set_missing_host_key_policy"
        and given
        and given[0].text.endswith(("AutoAddPolicy", "WarningPolicy"))
    ):
        return call.node
    if given and len(given) == 1 and _ON.fullmatch(given[0].text):
        return call.node if is_call(call, _SWITCHES) or _is_waiver(call.last) else None
    if len(given) == 1 and _OFF.fullmatch(given[0].text) and given[0].text not in ("None", "nil", "null"):
        return call.node if call.last in _MUST or _is_check(call.last) else None
    if not is_call(call, _SETTERS) or not given:
        return None
    for at, each in enumerate(given):
        text = each.text.strip()
        if _NONE.fullmatch(text) and len(text) < 90:
            return each.node
        if text in _MUST and at + 1 < len(given) and _OFF.fullmatch(given[at + 1].text.strip()):
            return each.node
    return None


def _is_option(node: SyntaxNode) -> bool:
    """Say whether a place is reached only when the user asked for it by an option that says so."""
    if any(_OPTION.search(text) for text in conditions_around(node)):
        return True
    return _NAMED_OPTION.search(name_of(function_of(node, named=True))) is not None


def _agrees_to_all(tree: SyntaxTree, node: SyntaxNode) -> str:
    """Give the name of a callback for certificates or hosts that agrees to everything, empty for any other function."""
    body = node.child_by_field_name("body")
    if node.end_byte - node.start_byte > _LONGEST_AGREEING:
        return ""
    head = text_of(node) if body is None else text_of(node)[: -len(text_of(body)) or None]
    code = _COMMENT.sub("", text_of(body) if body is not None else _after_parameters(text_of(node)))
    name = name_of(node) if node.type in NAMED_FUNCTIONS else ""
    if name in _TRUST_METHODS:
        return name if re.fullmatch(r"\{\s*(?:return\s*;\s*)?\}", code) else ""
    if not code.strip() or not _AGREES.fullmatch(code.strip()) or _EMPTY.fullmatch(code.strip()):
        return ""
    if _LOOKS_AT.search(head):
        return name or "true"
    if name:
        return name if _CALLBACK.fullmatch(name) and re.search(r"(?i)cert|host_?(?:name|key)|peer", name) else ""
    return next((each for each in _given_to(tree, node) if _CALLBACK.fullmatch(each)), "")


_LONGEST_AGREEING = 600
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|(?m:^\s*#.*$)", re.DOTALL)
_EMPTY = re.compile(r"\{?\s*\}?|\w*\s*end")


def _after_parameters(text: str) -> str:
    """Give the code of a function without a body of its own, such as a block in Ruby or a delegate in C#."""
    text = re.sub(r"\Adelegate\s*(?:\([^)]*\))?", "", text.strip())
    return re.sub(r"\A(\{|do)\s*\|[^|]*\|", r"\1", text)


def _given_to(tree: SyntaxTree, node: SyntaxNode) -> Iterator[str]:
    """Yield what a function is given to: names that are set to it, and calls it is handed to, a few nodes up."""
    for around in list(ancestors(node))[:_NEAR]:
        if around.type in FUNCTIONS or (around.type.endswith("statement") and around.type != "expression_statement"):
            return
        call = call_of(tree, around)
        if call is not None:
            yield call.last
        target = next(
            (part for field in ("left", "name", "key") if (part := around.child_by_field_name(field)) is not None), None
        )
        if target is not None and target.end_byte <= node.start_byte:
            yield text_of(target).rpartition(".")[2].strip("'\"[]$@")
        elif around.type == "keyed_element" and around.named_children:
            yield text_of(around.named_children[0])


_NEAR = 6


RULE = Rule(
    id="tls-verification-off",
    family="dangerous-call",
    severity="high",
    title="Certificates are no longer checked",
    explanation=(
        "Without the check of certificates and host names a connection is encrypted, but to anybody. "
        "Put the missing authority into "
        "the trusted ones instead. What only an option of the user's switches off is left alone."
    ),
    bad=Example("client.py", "import requests\n\ndef fetch(url):\n    return requests.get(url, verify=False)\n"),
    good=Example(
        "client.py", "import requests\n\ndef fetch(url, authority):\n    return requests.get(url, verify=authority)\n"
    ),
    check=both(
        in_code(
            _look,
            (
                "verif",
                "cert_none",
                "check_hostname",
                "rejectunauthorized",
                "strictssl",
                "insecure",
                "reject_unauthorized",
                "trust",
                "invalid_certs",
                "validate_cert",
                "invalid_host",
                "validationcallback",
                "unverified",
                "ssl",
                "autoaddpolicy",
                "warningpolicy",
                "self_signed",
                "dangerous",
                "certificate",
                "hostkey",
                "x509",
                "certvalid",
                "hostname",
                "serveridentity",
                "tls",
            ),
        ),
        insecure,
    ),
)
