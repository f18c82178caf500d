"""Guessable random numbers for what must not be guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from localdev.core.review import Severity
from localdev.rules.around import names_around
from localdev.rules.changed import ChangedFile
from localdev.rules.code import C, in_code
from localdev.rules.dangerous.data import statement_of
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.tree import SyntaxTree, text_of

_PYTHON = frozenset(
    f"random.{name}"
    for name in words(
        "random randint choice choices randrange getrandbits sample randbytes shuffle uniform Random seed"
    )
)
_METHODS_OF_RANDOM = re.compile(
    r"random|randint|choices?|randrange|getrandbits|sample|randbytes|shuffle|uniform|integers|bytes"
)
_RUST_GENERATORS = re.compile(
    r"\b(?:SmallRng|StdRng::seed_from_u64|ChaCha\d+Rng::seed_from_u64|Pcg\w+|XorShift\w*|Xoshiro\w+|fastrand::Rng|oorandom|Isaac\w+)"
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
            "std.mt19937_64 mt19937 mt19937_64 std.minstd_rand minstd_rand std.minstd_rand0 std.ranlux24 std.ranlux48 "
            "std.default_random_engine default_random_engine std.knuth_b boost.mt19937 boost.random.mt19937 qrand "
            "erand48 nrand48 mrand48 jrand48 g_random_int g_random_int_range g_rand_int std.experimental.randint"
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
# What is drawn from a generator that has a name: the method, and what makes such a generator.
_DRAWS = {
    "ruby": (re.compile(r"rand|bytes|sample|shuffle"), re.compile(r"\bRandom\.new|\bPrng\b")),
    "java": (re.compile(r"next\w*|ints|longs"), re.compile(r"(?<!Secure)\b(?:Random|SplittableRandom)\b")),
    "c_sharp": (re.compile(r"Next\w*|GetItems|GetString"), re.compile(r"(?<!Secure)\bRandom\b(?!Number)")),
    "go": (re.compile(r"Intn?|Int63n?|Int31n?|Uint\w*|Read|Perm|IntN|N"), re.compile(r"\brand\.(?:New|Rand)\b")),
    "python": (_METHODS_OF_RANDOM, re.compile(r"\brandom\.Random\b|\bRandom\(|\brandom\.default_rng|RandomState")),
    "rust": (re.compile(r"gen\w*|random\w*|sample\w*|next_u\d+|fill\w*|u\d+|alphanumeric"), _RUST_GENERATORS),
    "php": (
        re.compile(r"get(?:Int|Bytes)\w*|nextInt|shuffle\w*"),
        re.compile(r"\bnew\s+\\?(?:Random\\)?(?:Engine\\)?(?:Mt19937|PcgOneseq\w+|Xoshiro\w+)"),
    ),
    **dict.fromkeys(
        C,
        (re.compile(r""), re.compile(r"\b(?:mt19937(?:_64)?|minstd_rand0?|default_random_engine|ranlux\d+|knuth_b)\b")),
    ),
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
# Whoever guesses one of these is let in.
_LOGS_IN = re.compile(
    r"(?i)passw(?:or)?d|secret|session_?id|(?<!s)token|api_?key|access_?key|private_?key|reset|invite|csrf|\bsid\b|otp"
)
_HARMLESS = re.compile(
    r"(?i)jitter|backoff|retry|delay|sleep|sampl(?:e_?rate|ing)|color|shuffle_?deck|tokeni[sz]|vocab|embedding|dropout|token_?ids|num_?tokens|max_?tokens|benchmark|fuzz|probab"
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find calls of the plain generators whose statement or function is about secrets."""
    names = _CALLS.get(tree.language, frozenset())
    for call in calls(tree):
        if not file.touched(call.line, call.end_line):
            continue
        if call.name in names or call.resolved in names:
            if _is_strong(tree, call):
                continue
        elif not _is_drawn(tree, call):
            continue
        near = statement_of(call.node, 240).replace(call.name, " ")
        owners = list(names_around(call.node))[:3]
        around = " ".join(owners)
        secret = _SECRET.search(near) or _SECRET.search(around) or _makes_secret(owners)
        if secret and not _HARMLESS.search(f"{near} {around}"):
            severity: Severity | None = "high" if _LOGS_IN.search(f"{near} {around}") else None
            message = f"`{call.name}` can be guessed: it makes no secrets"
            yield Found(
                file.path,
                call.line,
                message,
                min(call.end_line, call.line + 3),
                _STRONG.get(tree.language, "use the system's secure generator"),
                severity,
            )


def _makes_secret(names: Sequence[str]) -> bool:
    """Say whether a method makes the id or the value of what its class is about: `Session.generate_id`."""
    return len(names) > 1 and bool(_MAKES.fullmatch(names[0])) and any(_OWNER.search(each) for each in names[1:])


# What a class is about whose ids let somebody in, and the methods that make them.
_OWNER = re.compile(r"Session|Token(?!i)|Credential|Password|Csrf|CSRF|Xsrf|Otp|OTP|Invit|ApiKey|APIKey|Nonce|Cookie")
_MAKES = re.compile(
    r"(?i)_*(?:re)?(?:gen(?:erate)?|new|make|create|next|random|build|issue)_?(?:unique|random|new|raw)?"
    r"_?(?:s?id|key|code|value|secret|string|token|hex|identifier)s?"
)


def _is_strong(tree: SyntaxTree, call: Call) -> bool:
    """Say whether the name is that of a secure generator here."""
    if tree.language == "go":
        return "crypto/rand" in call.resolved or ("crypto/rand" in tree.text and "math/rand" not in tree.text)
    near = statement_of(call.node)
    return "SecureRandom" in near or "SystemRandom" in near


def _is_drawn(tree: SyntaxTree, call: Call) -> bool:
    """Say whether a call draws from a named generator that was made, or is declared, as one that can be guessed."""
    draws, weak = _DRAWS.get(tree.language, (None, None))
    if draws is None or weak is None:
        return False
    if tree.language in C:
        owner = call.name if call.receiver is None and not call.arguments else ""
    elif tree.language == "ruby" and call.last in ("sample", "shuffle"):
        return "SecureRandom" not in text_of(call.node)
    else:
        owner = call.name.rpartition(".")[0].rpartition(".")[2] if draws.fullmatch(call.last) else ""
    if not owner or "." in owner or not owner.isidentifier():
        return False
    return any(weak.search(each) for each in _made(tree, owner))


_BEFORE = 80  # characters before a name that tell its type


def _made(tree: SyntaxTree, name: str) -> list[str]:
    """Give what stands where a name is declared or given a value, in this file."""
    known: dict[str, list[str]] = tree.kept.setdefault("made", {})
    if name not in known:
        given = re.finditer(rf"\b{name}\b\s*(?:[=:({{;][^\n;]{{0,120}}|[,)]|\s+\*?\w+\.\w+)", tree.text)
        known[name] = [tree.text[max(0, each.start() - _BEFORE) : each.end()].rpartition("\n")[2] for each in given]
    return known[name]


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
        "passwords, salts and codes need the secure one. It is `high` for what lets somebody in."
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
            "next",
            "rng",
            "ranlux",
        ),
    ),
)
