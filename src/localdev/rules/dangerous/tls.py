"""Checks of certificates and host names that are switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import conditions_around, function_of, name_of, nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import is_call
from localdev.rules.dangerous.pairs import Pair, pairs
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
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
_MODES = words(
    "cert_reqs verify_mode ssl_cert_reqs verify_mode= ServerCertificateCustomValidationCallback hostnameVerifier"
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
_CALLBACK = re.compile(
    r"ServerCertificate(?:Custom)?ValidationCallback|RemoteCertificateValidationCallback|CertificateValidationCallback|checkServerIdentity|hostnameVerifier|HostnameVerifier|VerifyPeerCertificate|UserCertificateValidationCallback",
    re.IGNORECASE,
)
_ALWAYS_TRUE = re.compile(
    r"(?:static\s+|async\s+)?(?:delegate)?\s*(?:function)?\s*(?:\([^()]*\)|\w+)?\s*(?:=>|->)?\s*(?:\{\s*return\s+(?:true|null|undefined|nil)?\s*;?\s*\}|\{\s*\}|true|null|undefined|nil)\s*;?",
    re.DOTALL,
)
# Rust's verifiers are written by hand; their names say what they do.
_NO_VERIFIER = re.compile(r"(?i)no|skip|accept|danger|any|dummy|insecure|disabled|trust|allow")
_OPTION = re.compile(r"(?i)insecure|verif|skip|self.?signed|cert|trust|tls|ssl|localhost|debug|dev\b|test|hostname")
_NAMED_OPTION = re.compile(r"(?i)insecure|verif|skip_?(?:tls|ssl|cert)|self_?signed")
_TRUST_METHODS = words("checkServerTrusted checkClientTrusted")
_HOSTNAME_METHODS = words("verify")
_SERVER_SIDE = re.compile(r"jwt|jose|jws|token|decode|signature|phone|email|schema", re.IGNORECASE)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find settings, calls and classes that let any certificate pass."""
    for pair in pairs(tree):
        if _switches_off(pair) and not _is_option(pair.node):
            yield Found(file.path, pair.line, _message(pair.name), pair.end_line, _SUGGESTION)
    for call in calls(tree):
        at = _call_switches_off(call)
        if at is not None and not _is_option(call.node):
            yield Found(file.path, line_of(at), _message(call.name), end_line_of(at), _SUGGESTION)
    if tree.language in ("java", "c_sharp"):
        yield from _empty_methods(file, tree)


_SUGGESTION = "leave the check on; add the missing authority to the trusted ones instead"


def _message(name: str) -> str:
    """Say what a setting does."""
    return f"`{name.lstrip('.')}` lets any certificate pass: whoever sits in between reads and changes everything"


def _switches_off(pair: Pair) -> bool:
    """Say whether a setting with its value lets any certificate pass."""
    name, value = pair.plain, pair.value.strip()
    if name in _MUST and _OFF.fullmatch(value):
        if value.lower() in ("none", "nil"):
            return False
        return not _SERVER_SIDE.search(pair.around)
    if name in _MUST_NOT and _ON.fullmatch(value):
        return True
    if (
        name == "ssl"
        and value == "False"
        and re.search(r"TCPConnector|session\.|\.get|\.post|\.ws_connect|\.request", pair.around)
    ):
        return True
    if _CALLBACK.search(name) and (_ALWAYS_TRUE.fullmatch(value) or _NONE.fullmatch(value)):
        return value.lower() not in ("null", "undefined", "nil", "true") or name == "checkServerIdentity"
    return (name in _MODES or name.endswith(("verify_mode", "_create_default_https_context"))) and _NONE.fullmatch(
        value
    ) is not None


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
    if is_call(call, _SWITCHES) and given and _ON.fullmatch(given[0].text):
        return call.node
    if not is_call(call, _SETTERS) or not given:
        return None
    for at, each in enumerate(given):
        text = each.text.strip()
        if _NONE.fullmatch(text) and len(text) < 90:
            return each.node
        if text in _MUST and at + 1 < len(given) and _OFF.fullmatch(given[at + 1].text.strip()):
            return each.node
        if "ostnameVerifier" in call.name and _ALWAYS_TRUE.fullmatch(text) and text != "null":
            return each.node
    return None


def _is_option(node: SyntaxNode) -> bool:
    """Say whether a place is reached only when the user asked for it by an option that says so."""
    if any(_OPTION.search(text) for text in conditions_around(node)):
        return True
    return _NAMED_OPTION.search(name_of(function_of(node, named=True))) is not None


def _empty_methods(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find trust managers that check nothing, and host name verifiers that always agree."""
    for node in nodes_of(tree, ("method_declaration",)):
        name, body = text_of(node.child_by_field_name("name")), node.child_by_field_name("body")
        if body is None:
            continue
        code = re.sub(r"//[^\n]*|/\*.*?\*/|\s", "", text_of(body))
        agrees = code == "{returntrue;}" and name == "verify" and "SSLSession" in text_of(node)
        if (name in _TRUST_METHODS and code in ("{}", "{return;}") and name == "checkServerTrusted") or agrees:
            yield Found(file.path, line_of(node), f"`{name}` lets any certificate pass", end_line_of(node), _SUGGESTION)


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
    check=in_code(
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
        ),
    ),
)
