"""Secrets in added lines: what is surely one, what only looks like one, and where it matters less.

The credentials are made up, and put together here so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import random
import string

import pytest

from localdev.core.review import Finding
from localdev.rules.secrets import hardcoded, private_key, token
from tests.rules.changing import findings

RULES = (private_key.RULE, token.RULE, hardcoded.RULE)
_DRAW = random.Random(11)
_ALL = string.ascii_letters + string.digits


def drawn(length: int, signs: str = _ALL) -> str:
    """Draw a text by chance, with a letter and a digit at its ends."""
    return "a" + "".join(_DRAW.choice(signs) for _ in range(length - 2)) + "7"


KEY = "\n".join(drawn(64) for _ in range(4))
PEM = f"-----BEGIN {'RSA'} PRIVATE KEY-----\n{KEY}\n-----END {'RSA'} PRIVATE KEY-----"
GITHUB, STRIPE, AWS = (
    "ghp_" + drawn(36),
    "sk_live_" + drawn(24),
    "AKIA" + drawn(16, string.ascii_uppercase + "234567").upper(),
)
H24 = drawn(24)
HEX = drawn(32, "0123456789abcdef")


def told(text: str, path: str = "src/app.py") -> list[tuple[str, str, int]]:
    """Give rule, severity and line of what is found in a new file."""
    return [(each.rule, each.severity, each.line) for each in findings({}, {path: text}, RULES)]


SURE = [
    ("src/app.py", f'x = 1\ntoken = "{GITHUB}"\n', ("secret-token", "high", 2)),
    ("tests/test_app.py", f'token = "{GITHUB}"\n', ("secret-token", "high", 1)),
    ("docs/use.md", f"run it with {STRIPE}\n", ("secret-token", "high", 1)),
    ("src/App.java", f'String id = "{AWS}";\n', ("secret-token", "high", 1)),
    ("app.yml", f"x: https://hooks.slack.com/services/T1234567/B7654321/{H24}\n", ("secret-token", "high", 1)),
    ("src/app.go", 'var k = "AIza' + drawn(35) + '"\n', ("secret-token", "high", 1)),
    ("deploy/id", f"{PEM}\n", ("private-key", "high", 1)),
    ("tests/data/server.key", f"{PEM}\n", ("private-key", "high", 1)),
    ("src/key.js", f"const key = `{PEM}`;\n", ("private-key", "high", 1)),
    ("src/app.py", f'API_KEY = "{HEX}"\n', ("hardcoded-secret", "high", 1)),
    ("src/app.ts", f'const clientSecret = "{drawn(32)}";\n', ("hardcoded-secret", "high", 1)),
    ("src/app.py", 'password = "hunter2"\n', ("hardcoded-secret", "medium", 1)),
    ("src/app.py", 'PASSWORD = "correcthorse"\n', ("hardcoded-secret", "medium", 1)),
    ("src/App.java", 'private static final String DB_PASSWORD = "letmein";\n', ("hardcoded-secret", "medium", 1)),
    ("src/app.rb", 'connect("postgres://app:S3cret!9@db.prod.internal/x")\n', ("hardcoded-secret", "medium", 1)),
    ("src/app.php", "define('DB_PASSWORD', 's3cr3t!');\n", ("hardcoded-secret", "medium", 1)),
    ("src/app.cs", 'var c = "Server=db;User Id=sa;Password=Tr0ub4dor9;";\n', ("hardcoded-secret", "medium", 1)),
    ("src/app.go", 'req.Header.Set("Authorization", "Bearer ' + drawn(30) + '")\n', ("hardcoded-secret", "high", 1)),
    (".env", "DB_PASSWORD=kestrel9\n", ("hardcoded-secret", "medium", 1)),
    ("examples/login.py", f'api_key = "{HEX}"\n', ("hardcoded-secret", "medium", 1)),
    ("examples/login.rs", f'let url = "https://ci:{H24}@acme.io/x".into();\n', ("hardcoded-secret", "medium", 1)),
    (
        "examples/login.rs",
        f'f(\n    env::var("CLIENT_SECRET")\n        .unwrap_or_else(|_| "{HEX}".to_string()),\n)\n',
        ("hardcoded-secret", "medium", 3),
    ),
    ("src/app.js", f'const s = process.env.SESSION_SECRET || "{H24}";\n', ("hardcoded-secret", "high", 1)),
    ("src/app.ts", "const s = process.env.DB_PASSWORD ?? 'kestrel-9';\n", ("hardcoded-secret", "medium", 1)),
    ("src/app.rb", 'pass = ENV["DB_PASSWORD"] || "kestrel-9"\n', ("hardcoded-secret", "medium", 1)),
    ("src/app.rb", 'pass = ENV.fetch("DB_PASSWORD") { "kestrel-9" }\n', ("hardcoded-secret", "medium", 1)),
    ("src/app.php", "$p = getenv('DB_PASSWORD') ?: 'kestrel-9';\n", ("hardcoded-secret", "medium", 1)),
    ("src/App.java", 'f(ofNullable(getenv("DB_PASSWORD")).orElse("kestrel-9"));\n', ("hardcoded-secret", "medium", 1)),
    ("src/app.cs", 'f(GetEnvironmentVariable("DB_PASSWORD") ?? "kestrel-9");\n', ("hardcoded-secret", "medium", 1)),
    ("src/app.go", 'f(cmp.Or(os.Getenv("DB_PASSWORD"), "kestrel-9"))\n', ("hardcoded-secret", "medium", 1)),
    ("src/app.py", 'f(os.environ.get("DB_PASSWORD") or "kestrel-9")\n', ("hardcoded-secret", "medium", 1)),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "expected"), SURE)
def test_secrets_are_told_once(path: str, text: str, expected: tuple[str, str, int]) -> None:
    """One finding for one secret, at its line."""
    assert told(text, path) == [expected]


LEFT = [
    ("src/app.py", 'password = os.environ["DB_PASSWORD"]\n'),
    ("src/app.py", 'token = "AKIAIOSFODNN7EXAMPLE"\n'),
    ("src/app.py", 'token = "ghp_' + "x" * 36 + '"\n'),
    ("src/app.py", 'password = "changeme"\n'),
    ("src/app.py", 'password_label = "Password"\n'),
    ("src/app.js", 'const labels = { password: "Password", secret: "Your secret" };\n'),
    ("src/app.js", "const field = form.querySelector('#password');\npassword = '#password';\n"),
    ("locales/de.json", '{"password": "Kennwort9!"}\n'),
    ("src/app.py", 'url = "https://user:password@host/"\n'),
    ("src/app.py", 'SECRET_NAME = "prod/db/main"\n'),
    ("src/app.py", 'key = "user_profile"\n'),
    ("src/app.js", 'const s = process.env.DB_PASSWORD || "";\n'),
    ("src/app.js", 'const s = process.env.DB_PASSWORD || "your-password-here";\n'),
    ("src/app.js", 'const s = process.env.DB_PASSWORD_FILE || "/run/secrets/db";\n'),
    ("src/app.rs", 'env::var("CLIENT_SECRET").unwrap_or_else(|_| "your-client-secret-goes-here".to_string())\n'),
    ("src/app.cs", 'f(GetEnvironmentVariable("DB_PASSWORD") ?? throw new E("DB_PASSWORD is not set"));\n'),
    ("src/app.py", 'integrity = "sha512-' + drawn(86) + '=="\n'),
    ("src/app.py", f'commit = "{HEX}"\n'),
    ("package-lock.json", f'"integrity": "sha1-{drawn(27)}=", "token": "{HEX}"\n'),
    ("dist/app.min.js", f'var token="{HEX}"\n'),
    ("tests/test_login.py", 'password = "hunter2"\n'),
    ("docs/setup.md", "password = hunter2\n"),
    ("src/app.py", "-----BEGIN PUBLIC KEY-----\n" + KEY + "\n-----END PUBLIC KEY-----\n"),
    ("src/app.py", 'MARK = "-----BEGIN PRIVATE KEY-----"\n'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text"), LEFT)
def test_what_is_no_secret_is_left_alone(path: str, text: str) -> None:
    """Placeholders, labels, checksums, and what tests make up."""
    assert told(text, path) == []


LESS = [
    ("tests/test_login.py", f'api_key = "{HEX}"\n'),
    ("examples/login.py", 'password = "hunter2"\n'),
    ("docs/login.md", f'api_key = "{HEX}"\n'),
    (".github/workflows/test.yml", "env:\n  POSTGRES_PASSWORD: sw0rdfish\n"),
    ("src/app.py", 'url = "postgres://app:sw0rdfish@localhost/x"\n'),
    ("src/app.py", '# password = "hunter2"\n'),
]


@pytest.mark.parametrize(("path", "text"), LESS)
def test_places_where_it_matters_less(path: str, text: str) -> None:
    """Tests, examples, what runs beside the program, comments: a remark at most."""
    assert [severity for _, severity, _ in told(text, path)] == ["low"]


def test_only_added_lines_count() -> None:
    """A secret that was there before is not this change's; one on a line that changed is."""
    before = f'a = 1\npassword = "hunter2"\ntoken = "{GITHUB}"\nb = 1\n'
    assert findings({"a.py": before}, {"a.py": before.replace("b = 1", "b = 2")}, RULES) == []
    changed: list[Finding] = findings({"a.py": before}, {"a.py": before.replace("hunter2", "hunter3")}, RULES)
    assert [(each.rule, each.line, each.quote) for each in changed] == [("hardcoded-secret", 2, 'password = "hunter3"')]


def test_a_name_may_stand_above_the_line_that_changed() -> None:
    """What the value is for is told by a line that was there before."""
    before = 'f(\n    env::var("CLIENT_SECRET")\n        .expect("it is not set"),\n)\n'
    after = before.replace('.expect("it is not set")', f'.unwrap_or("{HEX}")')
    assert [each.line for each in findings({"src/a.rs": before}, {"src/a.rs": after}, RULES)] == [3]


def test_the_secret_is_not_repeated() -> None:
    """Messages say what it is and do not hold it."""
    found = findings({}, {"a.py": f'token = "{GITHUB}"\npassword = "hunter2"\n'}, RULES)
    assert len(found) == 2
    assert not any(GITHUB in each.message or "hunter2" in each.message for each in found)
