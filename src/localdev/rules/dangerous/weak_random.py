"""Guessable random numbers for what must not be guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import names_around
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import statement_of
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.tree import SyntaxTree

_PYTHON = frozenset(
    f"random.{name}"
    for name in words(
        "random randint choice choices randrange getrandbits sample randbytes shuffle uniform Random seed"
    )
)
_CALLS: dict[str, frozenset[str]] = {
    "python": _PYTHON
    | {"uuid.uuid1", "numpy.random.randint", "np.random.randint", "numpy.random.choice", "np.random.choice"},
    **dict.fromkeys(
        ("javascript", "typescript", "tsx"),
        words("Math.random crypto.pseudoRandomBytes _.random _.sample _.shuffle lodash.random _.uniqueId"),
    ),
    "go": frozenset(
        f"{module}.{name}"
        for module in ("rand", "math/rand", "math/rand/v2")
        for name in words(
            "Int Intn Int31 Int31n Int63 Int63n Uint32 Uint64 Float64 Float32 Perm Shuffle Read Seed "
            "New NewSource IntN N"
        )
    ),
    "java": words(
        "Random java.util.Random Math.random ThreadLocalRandom.current RandomStringUtils.random "
        "RandomStringUtils.randomAlphanumeric RandomStringUtils.randomAlphabetic "
        "RandomStringUtils.randomNumeric RandomUtils.nextInt RandomUtils.nextBytes SplittableRandom"
    ),
    **dict.fromkeys(
        ("c", "cpp"),
        words(
            "rand random srand srandom rand_r drand48 lrand48 std.rand std.srand std.mt19937 "
            "std.mt19937_64 mt19937 std.minstd_rand std.default_random_engine qrand arc4random_stir"
        ),
    ),
    "c_sharp": words(
        "Random System.Random Random.Shared.Next Random.Shared.NextBytes Random.Shared.GetItems Random.Shared.NextInt64"
    ),
    "ruby": words("rand Random.rand Random.new Kernel.rand Random.new_seed srand Random.bytes"),
    "php": words("rand mt_rand uniqid array_rand str_shuffle lcg_value mt_srand srand shuffle"),
    "rust": words(
        "fastrand.u64 fastrand.u32 fastrand.alphanumeric fastrand.usize SmallRng.seed_from_u64 "
        "SmallRng.from_entropy StdRng.seed_from_u64 oorandom.Rand32.new ChaCha8Rng.seed_from_u64 "
        "fastrand.Rng.new fastrand.u128 fastrand.u8"
    ),
}
_METHODS = {
    "ruby": re.compile(r".*\.(?:sample|shuffle)"),
    "java": re.compile(r"(?:rand|rnd|random|r)\w*\.next\w*"),
    "c_sharp": re.compile(r"_?(?:rand|rnd|random)\w*\.Next\w*"),
    "go": re.compile(r"(?:rng|rnd|random|r|seededRand)\.(?:Intn|Int63|Int31n|Int)"),
}
_SECRET = re.compile(
    r"""
    (?i:passw(?:or)?d|passphrase|secret|credential|session_?(?:id|key|token)|api_?key|access_?key|private_?key
    |crypt(?:o|ion)?_?key|signing_?key|secret_?key|master_?key|csrf|xsrf|\botp\b|otp_|_otp|one_?time|\bsalt|_salt
    |nonce|captcha
    |verif\w*_?code|(?:reset|invite|auth|access|refresh|confirm\w*|activation|login|security|recovery|backup
    |pairing|device|pin)_?(?:token|code|key|id|link)|voucher|coupon_?code|temp(?:orary)?_?pass|two_?factor|mfa
    |oauth_?state|\bstate_?token|\bpin_?code|gen\w*_?key\b)
    | Token(?:Service|Store|Generator|Manager|Factory|Provider)
    | \b(?:iv|IV|pin|PIN|OTP|auth_state)\b
    | (?i:(?<!s)(?:^|_|\b|gen\w*|new|make|create|random|rand|build|issue)_?token(?:s?\b|_|hex)) | [a-z]Token\b
    | \bsid\b | SessionId | sessionId | [a-z]Otp\b | [a-z]Salt\b
    """,
    re.VERBOSE,
)
_HARMLESS = re.compile(
    r"(?i)jitter|backoff|retry|delay|sleep|sampl(?:e_?rate|ing)|color|shuffle_?deck|tokeni[sz]|vocab|embedding|dropout|token_?ids|num_?tokens|max_?tokens|benchmark|fuzz|probab"
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find calls of the plain generators whose statement or function is about secrets."""
    names, method = _CALLS.get(tree.language, frozenset()), _METHODS.get(tree.language)
    for call in calls(tree):
        if not (call.name in names or call.resolved in names or (method is not None and method.fullmatch(call.name))):
            continue
        if _is_strong(tree, call):
            continue
        near = statement_of(call.node, 240).replace(call.name, " ")
        around = " ".join(list(names_around(call.node))[:3])
        if (_SECRET.search(near) or _SECRET.search(around)) and not _HARMLESS.search(f"{near} {around}"):
            message = f"`{call.name}` can be guessed: it makes no secrets"
            yield Found(
                file.path,
                call.line,
                message,
                min(call.end_line, call.line + 3),
                _STRONG.get(tree.language, "use the system's secure generator"),
            )


def _is_strong(tree: SyntaxTree, call: Call) -> bool:
    """Say whether the name is that of a secure generator here."""
    if tree.language == "go":
        return "crypto/rand" in call.resolved or ("crypto/rand" in tree.text and "math/rand" not in tree.text)
    if tree.language in ("java", "c_sharp", "ruby", "python"):
        return (
            "SecureRandom" in statement_of(call.node)
            or "SystemRandom" in statement_of(call.node)
            or (
                "SecureRandom" in tree.text
                and "." in call.name
                and "new Random(" not in tree.text
                and call.name.partition(".")[0].islower()
            )
        )
    return False


_STRONG = {
    "python": "use the `secrets` module",
    **dict.fromkeys(
        ("javascript", "typescript", "tsx"), "use `crypto.randomBytes`, `crypto.randomUUID` or `crypto.getRandomValues`"
    ),
    "go": "use `crypto/rand`",
    "java": "use `SecureRandom`",
    "c_sharp": "use `RandomNumberGenerator`",
    "ruby": "use `SecureRandom`",
    "php": "use `random_bytes` or `random_int`",
    "rust": "use `rand::rngs::OsRng` or `getrandom`",
}

RULE = Rule(
    id="weak-random",
    family="dangerous-call",
    severity="medium",
    title="A guessable random number as a secret",
    explanation=(
        "Ordinary generators can be predicted from a few of their numbers. Tokens, "
        "passwords, salts and codes need the secure one."
    ),
    bad=Example("reset.py", "import random\n\ndef reset_token():\n    return '%032x' % random.getrandbits(128)\n"),
    good=Example("reset.py", "import secrets\n\ndef reset_token():\n    return secrets.token_hex(16)\n"),
    check=in_code(
        _look,
        (
            "rand",
            "uniqid",
            "shuffle",
            "sample",
            "uuid1",
            "lcg_value",
            "uniqueid",
            "mt19937",
            "minstd",
            "default_random",
        ),
    ),
)
