"""Broken ciphers, modes that show patterns, keys that are too short, vectors that never change, old protocols."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import conditions_around, nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import function_text, is_call
from localdev.rules.dangerous.pairs import Pair, pairs
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.scopes import is_fixed, parameters_of, value_of
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of
from localdev.source.syntax.values import Argument

# Calls that are a broken cipher by their name.
_CIPHERS = words(
    """
    DES.new DES3.new ARC4.new ARC2.new Blowfish.new CAST.new algorithms.TripleDES algorithms.ARC4 algorithms.Blowfish
    algorithms.IDEA algorithms.CAST5 modes.ECB des.NewCipher des.NewTripleDESCipher rc4.NewCipher crypto/des.NewCipher
    crypto/des.NewTripleDESCipher crypto/rc4.NewCipher DES.Create TripleDES.Create RC2.Create DESCryptoServiceProvider
    TripleDESCryptoServiceProvider RC2CryptoServiceProvider CryptoJS.DES.encrypt CryptoJS.TripleDES.encrypt
    CryptoJS.RC4.encrypt
    CryptoJS.DES.decrypt CryptoJS.RC4.decrypt DES_ecb_encrypt DES_set_key DES_cbc_encrypt DES_ncbc_encrypt
    EVP_des_ecb EVP_des_cbc EVP_des_ede3_cbc EVP_rc4 EVP_rc2_cbc
    EVP_aes_128_ecb EVP_aes_256_ecb EVP_aes_192_ecb EVP_bf_cbc RC4 RC4_set_key AES_ecb_encrypt mcrypt_encrypt
    mcrypt_decrypt
    Des.new_from_slice Rc4.new DESKeySpec DESedeKeySpec crypto.createCipher crypto.createDecipher createCipher
    """
)
# Calls that take the name of a cipher.
_BY_NAME = words(
    """
    Cipher.getInstance KeyGenerator.getInstance SecretKeyFactory.getInstance SecretKeySpec crypto.createCipheriv
    crypto.createDecipheriv createCipheriv createDecipheriv
    openssl_encrypt openssl_decrypt OpenSSL.Cipher.new OpenSSL.Cipher Cipher.new EVP_get_cipherbyname AES.new
    cipher.new SymmetricAlgorithm.Create
    """
)
_BROKEN_NAME = re.compile(
    r"""
    [:'"`]? (?: (?:DES|DESede|TripleDES|RC4|RC2|ARCFOUR|Blowfish|ARC4|3DES|IDEA)(?:[/-].*)?
    | (?:des|rc4|rc2|bf|des-ede3|des3)(?:-\w+)* | AES/ECB(?:/.*)? | aes-?\d*-ecb )['"`]?
    | AES | ['"]AES['"] | (?:AES|DES3?)\.MODE_ECB | (?:\w+\.)*MODE_ECB
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ECB_VALUE = re.compile(r"(?:CipherMode|CryptoJS\.mode)\.ECB|(?:\w+\.)*MODE_ECB")
_OLD_PROTOCOL = re.compile(
    r"""
    (?:ssl\.)?PROTOCOL_(?:SSLv2|SSLv3|TLSv1|TLSv1_1) | (?:tls\.)?Version(?:SSL30|TLS10|TLS11)
    | (?:ssl\.)?TLSVersion\.(?:SSLv3|TLSv1|TLSv1_1)
    | SslProtocols\.(?:Ssl2|Ssl3|Tls|Tls11) | SecurityProtocolType\.(?:Ssl3|Tls|Tls11)
    | ['"](?:SSLv2|SSLv3|TLSv1|TLSv1\.[01]|TLSv1_method|SSLv3_method|TLSv1_1_method)['"] | :(?:SSLv3|TLSv1|TLSv1_1)
    | OpenSSL::SSL::(?:SSL3|TLS1|TLS1_1)_VERSION | CURL_SSLVERSION_(?:SSLv2|SSLv3|TLSv1_0|TLSv1_1)
    | (?:TLS1|TLS1_1|SSL3)_VERSION
    """,
    re.VERBOSE,
)
_PROTOCOL_NAMES = words(
    "ssl_version minimum_version min_version MinVersion MaxVersion minVersion maxVersion "
    "secureProtocol SslProtocols SecurityProtocol protocol sslProtocol CURLOPT_SSLVERSION EnabledSslProtocols"
)
_OLD_CALLS = words(
    "SSLContext.getInstance ssl.SSLContext SSLContext curl_easy_setopt curl_setopt "
    "SSL_CTX_set_min_proto_version TLSv1_method SSLv3_method SSLv23_method TLSv1_client_method "
    ".setProtocol .set_min_proto_version"
)
_KEYS = words(
    "rsa.GenerateKey rsa.generate_private_key RSA.generate dsa.generate_private_key RSA_generate_key "
    ".initialize RSA.Create RSACryptoServiceProvider RSA.new RSA_generate_key_ex "
    "OpenSSL.PKey.RSA.new OpenSSL.PKey.RSA.generate DSA.generate crypto.generateKeyPairSync "
    "crypto/rsa.GenerateKey Rsa.generate RsaPrivateKey.new"
)
_VECTORS = words(
    "crypto.createCipheriv createCipheriv AES.new DES.new DES3.new modes.CBC modes.CTR modes.GCM "
    "modes.OFB modes.CFB cipher.NewCBCEncrypter cipher.NewCTR cipher.NewCFBEncrypter IvParameterSpec "
    "GCMParameterSpec openssl_encrypt crypto/cipher.NewCBCEncrypter crypto/cipher.NewCTR EVP_EncryptInit_ex"
)
_VECTOR_WORD = re.compile(r"(?i)(?:^|_|\b)(?:iv|nonce|initiali[sz]ation_?vector|initvector)\d*$|IV$|Iv$|Nonce$")
_SAME_BYTES = re.compile(
    r"""
    (?:Buffer\.(?:alloc\(\d+(?:,\s*0)?\)|from\(["'][^"']*["'](?:,\s*["']\w+["'])?\))
    | b?["'][^"']*["']\.encode\([^)]*\) | bytes\(\d+\)
    | b["'][^"']*["']\s*\*\s*\w+ | \[\]byte\("[^"]*"\) | new\s+(?:byte|Uint8Array)\s*[\[(]\d+[\])]
    | "[^"]*"\.getBytes\([^)]*\) | Encoding\.\w+\.GetBytes\("[^"]*"\)
    | bytes\.fromhex\(["'][^"']*["']\) | str_repeat\("\\?0*",\s*\d+\) | ["'][^"']*["']\s*\*\s*\d+)
    """,
    re.VERBOSE,
)
# Zero bytes that are filled afterwards are none.
_FILLED = re.compile(
    r"(?i)nextBytes|getRandomValues|GetBytes\(|randomFill|rand_bytes|rand\.Read|ReadFull|\.Fill\(|getrandom"
)
_WEAK_SUITE = re.compile(
    r"(?<![!-])\b(?:\w*_(?:RC4|3DES|DES|NULL|EXPORT|MD5)_\w*|RC4(?:-\w+)?|DES-CBC3?(?:-\w+)?|3DES|aNULL|eNULL|NULL|EXPORT|EXP|LOW|MD5)\b"
)
_SUITES = re.compile(r"(?i)cipher_?suites?|^ciphers|ssl_?ciphers|cipher_?list|CURLOPT_SSL_CIPHER_LIST")
_SUITE_CALLS = words(
    ".set_ciphers SSL_CTX_set_cipher_list SSL_set_cipher_list .set_cipher_list .setEnabledCipherSuites"
)
_ROUNDS = words(
    "hashlib.pbkdf2_hmac crypto.pbkdf2Sync crypto.pbkdf2 pbkdf2.Key PBKDF2HMAC hash_pbkdf2 "
    "PBEKeySpec Rfc2898DeriveBytes PBKDF2 OpenSSL.PKCS5.pbkdf2_hmac PKCS5_PBKDF2_HMAC "
    "Rfc2898DeriveBytes.Pbkdf2 golang.org/x/crypto/pbkdf2.Key OpenSSL.KDF.pbkdf2_hmac bcrypt.hash "
    "bcrypt.hashSync bcrypt.GenerateFromPassword bcrypt.gensalt"
)
_LEAST_ROUNDS = 10_000
_LEAST_KEY = 2048


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find each of these in the arguments of calls and in settings."""
    for call in calls(tree):
        message = (
            _cipher(call)
            or _suite(call)
            or _old(call)
            or _short_key(tree, call)
            or _vector(tree, call)
            or _rounds(call)
        )
        if message and call.name.partition(".")[0] not in parameters_of(tree, call.node):
            yield Found(file.path, call.line, message, min(call.end_line, call.line + 8), _ADVICE)
    for pair in pairs(tree):
        message = _setting(tree, pair)
        if message:
            yield Found(file.path, pair.line, message, pair.end_line, _ADVICE)
    for node in nodes_of(tree, ("attribute",)) if tree.language == "python" else ():
        if text_of(node) in ("AES.MODE_ECB", "DES.MODE_ECB") and not _inside_known(node):
            yield Found(file.path, line_of(node), _PATTERNS, end_line_of(node), _ADVICE)


_ADVICE = "use AES-GCM or ChaCha20-Poly1305 with a fresh nonce, keys of today's length, TLS 1.2 or later"
_PATTERNS = "ECB shows the patterns of what it encrypts"


def _setting(tree: SyntaxTree, pair: Pair) -> str:
    """Say which setting asks for something broken, empty for none."""
    value = pair.value.strip()
    old = any(_OLD_PROTOCOL.fullmatch(each.strip()) for each in value.split("|"))
    if pair.plain in _PROTOCOL_NAMES and old and not list(conditions_around(pair.node)):
        return f"{value} is an old, broken protocol"
    if _SUITES.search(pair.plain) and _WEAK_SUITE.search(value):
        return "a broken cipher suite is let through"
    if pair.name.endswith((".IV", ".iv")) and _is_constant(tree, Argument(tree, pair.node)):
        return "the initialisation vector is always the same"
    return _PATTERNS if _ECB_VALUE.fullmatch(value) else ""


def _inside_known(node: object) -> bool:
    """Say whether the call around a mode was looked at already."""
    parent = getattr(getattr(node, "parent", None), "parent", None)
    return parent is not None and parent.type == "call" and text_of(parent).startswith(("AES.new", "DES.new"))


def _cipher(call: Call) -> str:
    """Say which broken cipher or mode a call asks for, empty for none."""
    if is_call(call, _CIPHERS) and (len(call.name) > 4 or call.name.isupper()):
        return f"`{call.name}` is a broken cipher or mode" if call.name != "RC4" or len(call.arguments) > 2 else ""
    if is_call(call, _BY_NAME):
        for each in call.arguments:
            text = each.text.strip()
            if _BROKEN_NAME.fullmatch(text) and not (
                text.strip("'\"").upper() == "AES" and not call.name.endswith("Cipher.getInstance")
            ):
                return f"{text} is a broken cipher or mode"
    return ""


def _suite(call: Call) -> str:
    """Say which weak cipher suite a call lets through."""
    if not is_call(call, _SUITE_CALLS):
        return ""
    found = next((match for each in call.arguments if (match := _WEAK_SUITE.search(each.text))), None)
    return f"{found.group()} is a broken cipher suite" if found is not None else ""


def _old(call: Call) -> str:
    """Say which old protocol a call asks for."""
    if call.name in ("TLSv1_method", "SSLv3_method", "TLSv1_client_method", "ssl.wrap_socket"):
        return f"`{call.name}` speaks an old, broken protocol"
    if is_call(call, _OLD_CALLS):
        old = next((each.text for each in call.arguments if _OLD_PROTOCOL.fullmatch(each.text.strip())), "")
        return f"{old} is an old, broken protocol" if old else ""
    return ""


def _short_key(tree: SyntaxTree, call: Call) -> str:
    """Say which key is too short."""
    if not is_call(call, _KEYS) or (call.last == "initialize" and "KeyPairGenerator" not in tree.text):
        return ""
    for each in call.arguments:
        match = re.search(r"(?:^|modulusLength:\s*|\b)(512|768|1024)\b", each.text)
        if match is not None and (each.text.strip() == match[1] or "modulusLength" in each.text):
            return f"a key of {match[1]} bits can be factored (less than {_LEAST_KEY})"
    return ""


def _vector(tree: SyntaxTree, call: Call) -> str:
    """Say that the initialisation vector is always the same."""
    if not is_call(call, _VECTORS):
        return ""
    for at, each in enumerate(call.arguments):
        named = (
            _VECTOR_WORD.search(each.text.strip())
            or each.keyword in ("iv", "nonce", "IV")
            or (at == 2 and call.name.endswith(("ipheriv", "AES.new", "DES.new", "DES3.new")))
        )
        first = at == 0 and call.name.endswith(
            ("IvParameterSpec", "modes.CBC", "modes.CTR", "modes.OFB", "modes.CFB", "modes.GCM")
        )
        if (
            (named or first)
            and each.text not in ("null", "None", "nil", "NULL", "''", '""')
            and _is_constant(tree, each)
        ):
            return "the initialisation vector is always the same"
    return ""


def _is_constant(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether bytes are the same at every run: fixed, made of fixed text, or all zero."""
    text = value_of(tree, argument).text.strip()
    if text.startswith(("new ", "Buffer.alloc(", "bytes(")) and _FILLED.search(
        function_text(argument.node) or tree.text
    ):
        return False
    return is_fixed(tree, argument) or _SAME_BYTES.fullmatch(text) is not None


def _rounds(call: Call) -> str:
    """Say that a password hash is too cheap."""
    if not is_call(call, _ROUNDS):
        return ""
    least = 8 if "bcrypt" in call.name.lower() else _LEAST_ROUNDS
    for at, each in enumerate(call.arguments):
        text = each.text.replace("_", "").strip()
        if (
            text.isdigit()
            and at > 0
            and (
                (least == 8 and int(text) < 8)
                or (
                    least > 8
                    and at in (1, 2, 3)
                    and 0 < int(text) < least
                    and int(text) not in (16, 20, 24, 32, 48, 64, 128, 256, 512)
                )
            )
        ):
            return f"{text} rounds are too few against guessing"
    return ""


RULE = Rule(
    id="weak-cipher",
    family="dangerous-call",
    severity="medium",
    title="A broken cipher, mode, key length or protocol",
    explanation=(
        "DES, RC4 and kin are broken; ECB shows patterns; a constant initialisation vector gives "
        "away equal beginnings; short RSA keys can be factored; "
        "SSL and TLS before 1.2 can be downgraded."
    ),
    bad=Example(
        "box.py",
        "from Crypto.Cipher import AES\n\ndef seal(key, data):\n    return AES.new(key, AES.MODE_ECB).encrypt(data)\n",
    ),
    good=Example(
        "box.py",
        "from Crypto.Cipher import AES\n\ndef seal(key, data):\n    return AES.new(key, "
        "AES.MODE_GCM).encrypt_and_digest(data)\n",
    ),
    check=in_code(
        _look,
        (
            "des",
            "rc4",
            "rc2",
            "ecb",
            "blowfish",
            "arc4",
            "cipher",
            "tls",
            "ssl",
            "rsa",
            "dsa",
            "keypair",
            "iv",
            "nonce",
            "pbkdf2",
            "pbekey",
            "bcrypt",
            "mcrypt",
        ),
    ),
)
