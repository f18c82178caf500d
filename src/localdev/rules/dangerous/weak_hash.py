"""Broken hashes where the result has to withstand somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.around import names_around
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import is_call, statement_of
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.tree import SyntaxTree

_PLAIN = words(
    """
    hashlib.md5 hashlib.sha1 md5.new sha.new MD5.new SHA.new SHA1.new md5 sha1 md5_file sha1_file md5.New md5.Sum
    sha1.New sha1.Sum crypto/md5.New crypto/md5.Sum
    crypto/sha1.New crypto/sha1.Sum DigestUtils.md5 DigestUtils.md5Hex DigestUtils.sha1 DigestUtils.sha1Hex
    DigestUtils.sha DigestUtils.shaHex Hashing.md5 Hashing.sha1
    MD5.Create SHA1.Create MD5.HashData SHA1.HashData MD5CryptoServiceProvider SHA1CryptoServiceProvider SHA1Managed
    HMACMD5
    Digest.MD5.hexdigest Digest.MD5.digest Digest.MD5.base64digest Digest.SHA1.hexdigest Digest.SHA1.digest
    Digest.SHA1.base64digest Digest.MD5.new Digest.SHA1.new Digest.MD5.hash
    OpenSSL.Digest.MD5.new OpenSSL.Digest.SHA1.new CryptoJS.MD5 CryptoJS.SHA1 MD5 SHA1 MD5_Init MD5_Update SHA1_Init
    EVP_md5 EVP_sha1 md5.compute Md5.new Md5.digest Sha1.new Sha1.digest Sha1.from
    MessageDigest.md5 hashes.MD5 hashes.SHA1 mbedtls_md5 mbedtls_sha1 CC_MD5 CC_SHA1 QCryptographicHash.Md5
    ripemd160 md4.New hashlib.md4 Passlib.md5_crypt md5_crypt.hash
    """
)
# Calls that take the algorithm's name.
_NAMED = words(
    """
    hashlib.new MessageDigest.getInstance crypto.createHash createHash crypto.createHmac hash hash_file hash_init
    OpenSSL.Digest.new OpenSSL.Digest Mac.getInstance hash_hmac CryptoConfig.CreateFromName HashAlgorithm.Create
    EVP_get_digestbyname openssl_digest Digest.new Hash.new crypto.subtle.digest subtle.digest hashlib.pbkdf2_hmac
    crypto.pbkdf2Sync crypto.pbkdf2 hash_pbkdf2 hmac.new SecretKeyFactory.getInstance Signature.getInstance
    """
)
_WEAK_NAME = re.compile(
    r"[:'\"`]?(?:Hmac)?(?:MD[245]|SHA-?1?)['\"`]?|(?:hashlib\.)(?:md5|sha1)|.*(?:MD5|SHA1)with\w+['\"]?|HashAlgorithmName\.(?:MD5|SHA1)",
    re.IGNORECASE,
)
# What stands in a macro of Rust is words, not calls.
_IN_MACRO = re.compile(r"\bmd5::compute\(|\bMd5::digest\(")
_MESSAGE_AUTHENTICATION = re.compile(r"(?i)hmac|Mac\.getInstance|pbkdf2|EVP_sha1|SecretKeyFactory")
# What the names around say the hash is for.
_SECRET = re.compile(
    r"(?i)passw(?:or)?d|passwd|\bpwd|passphrase|pass_?hash|secret|token|credential|auth(?!or)|signature|\bsign(?:ed|ing)?\b|_sign|sign_|login|session|api_?key|salt|nonce|otp|hmac|csrf|user_?key|encrypt|decrypt|crypt|verify|reset|licen[sc]e_?key|private"
)
_HARMLESS = re.compile(
    r"(?i)etag|cache|checksum|fingerprint|content_?hash|file_?hash|digest_?of_?file|dedup|bucket|shard|partition|color|colour|gravatar|avatar|uuid|version|integrity|change[sd]?_|hash_?ring|consistent|index|slug|cdn|asset|bundle|chunk|"
    r"sum_?file|short_?id|key_?for|memo|build|blob|object_?id|commit|git|tmp|temp_?name|filename|file_?name|path|md5sum|sha1sum|etags?|last_?modified|revision|digest_?auth|websocket|accept|handshake|dns|table|anonym|identicon|manifest|snapshot|duplicate|lookup|test|bloom|thumb|lock_?name|job_?id|task_?id|message_?id"
)


# What names a value that is only looked up, whatever it was made of.
_LOOKED_UP = re.compile(r"(?i)(?:cache|memo|lookup|dedup\w*|bucket|index|storage)_?(?:key|id|name|path|file)|e_?tag\b")
# The constant of RFC 6455, whose handshake prescribes SHA-1, and names of its two headers.
_PRESCRIBED = re.compile(
    r"258EAFA5-E914-47DA-95CA-C5AB0DC85B11|(?i:sec-websocket-(?:accept|key)|(?:ws|web_?socket)_?(?:guid|magic|key)|accept_?key)"
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find weak digests, and judge them by the names around."""
    for call in calls(tree):
        name = _weak(call)
        if not name or any(each.keyword == "usedforsecurity" and "False" in each.text for each in call.arguments):
            continue
        if name == "SHA-1" and _PRESCRIBED.search(tree.text):
            continue
        severity = _severity(tree, call)
        message = f"{name} can be forged: it protects nothing"
        yield Found(
            file.path,
            call.line,
            message,
            min(call.end_line, call.line + 3),
            "use SHA-256, or a password hash (argon2, bcrypt, scrypt) for passwords",
            severity,
        )


def _weak(call: Call) -> str:
    """Name the weak hash that a call makes, empty for none."""
    if call.kind == "macro":
        return "MD5" if any(_IN_MACRO.search(each.text) for each in call.arguments) else ""
    first = [each for each in call.arguments if _WEAK_NAME.fullmatch(each.text.strip())]
    if is_call(call, _NAMED):
        if _MESSAGE_AUTHENTICATION.search(call.name) and not (first and "md5" in first[0].text.lower()):
            return ""
        return _label(first[0].text) if first else ""
    if call.name in _PLAIN or call.resolved in _PLAIN or ".".join(call.resolved.split(".")[-2:]) in _PLAIN:
        if (
            call.name in ("EVP_md5", "EVP_sha1", "MD5", "SHA1", "Rfc2898DeriveBytes")
            and call.name == "Rfc2898DeriveBytes"
        ):
            return ""
        return _label(call.resolved)
    return ""


def _label(text: str) -> str:
    """Write a hash's name as people do."""
    low = text.lower()
    return next(
        (
            label
            for sign, label in (("md5", "MD5"), ("md4", "MD4"), ("md2", "MD2"), ("ripemd", "RIPEMD-160"))
            if sign in low
        ),
        "SHA-1",
    )


def _severity(tree: SyntaxTree, call: Call) -> Severity:
    """Judge by what is hashed and what it is for."""
    near = " ".join([statement_of(call.node), *(name for name in names_around(call.node))])
    near = re.sub(
        r"(?i)usedforsecurity|crypto\.|CryptoJS|CryptoServiceProvider|cryptography|java\.security|security\.", "", near
    )
    given = statement_of(call.node).partition(call.name)[0]
    target = " ".join([given.partition("=")[0] if "=" in given else "", *names_around(call.node)])
    secret = _SECRET.search(near)
    if secret and not (_LOOKED_UP.search(target) and not _STORED.search(target)):
        return "high" if re.search(r"(?i)passw", near) else "medium"
    return "low" if _HARMLESS.search(near) or _HARMLESS.search(tree.path) else "medium"


_STORED = re.compile(r"(?i)passw|secret|token|credential|signature")


RULE = Rule(
    id="weak-hash",
    family="dangerous-call",
    severity="medium",
    title="A broken hash for something that has to withstand an attacker",
    explanation=(
        "MD5 and SHA-1 collide on demand, and are far too fast for passwords. It is `high` where a password is hashed, "
        "`low` where the names around say that nothing is protected (cache keys, checksums, ETags). "
        "`usedforsecurity=False` says so to everybody."
    ),
    bad=Example(
        "login.py", "import hashlib\n\ndef store(password):\n    return hashlib.md5(password.encode()).hexdigest()\n"
    ),
    good=Example(
        "files.py",
        "import hashlib\n\ndef key(data):\n    return hashlib.md5(data, usedforsecurity=False).hexdigest()\n",
    ),
    check=in_code(_look, ("md5", "sha1", "sha-1", "md4", "ripemd", "sha_1", "digestutils.sha")),
)
