"""Every detector by a table: what it has to find, whole and nothing more, and what it has to leave alone.

The credentials are made up, and put together here so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import random
import string

import pytest

from localdev.privacy.detectors import (
    CREDENTIALS,
    assigned,
    clouds,
    commands,
    config_files,
    forges,
    headers,
    high_entropy,
    jwt,
    library,
    prefixes,
    private_keys,
    services,
    urls,
)
from localdev.privacy.spans import Detector

_DRAW = random.Random(7)
_ALL = string.ascii_letters + string.digits


def drawn(length: int, signs: str = _ALL) -> str:
    """Draw a text by chance, with a letter and a digit at its ends."""
    return "a" + "".join(_DRAW.choice(signs) for _ in range(length - 2)) + "7"


def hexed(length: int) -> str:
    """Draw hexadecimal digits."""
    return drawn(length, "0123456789abcdef")


A40, A43, H32, H64 = drawn(40), drawn(43), hexed(32), hexed(64)
KEY_LINES = "\n".join(drawn(64) for _ in range(6))
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINES}\nabc=\n-----END RSA PRIVATE KEY-----"
OPENSSH = PEM.replace("RSA", "OPENSSH")
ESCAPED = PEM.replace("\n", "\\n")
TOKEN_JWT = "eyJ" + drawn(20) + ".eyJ" + drawn(40) + "." + A43

FOUND: list[tuple[Detector, str, str]] = [
    # (detector, text around it with {} in the place of the credential, credential)
    (clouds.find, "key: {}", "AKIA" + "QWERTYUIOPASDFG2"),
    (clouds.find, 'aws_secret_access_key = "{}"', A40),
    (clouds.find, "AWS_SECRET_ACCESS_KEY={}\n", A40),
    (clouds.find, '"SecretAccessKey": "{}",', A40),
    (clouds.find, "url?key={}&x", "AIza" + drawn(35)),
    (clouds.find, "{}", "GOCSPX-" + drawn(28)),
    (clouds.find, "AccountName=a;AccountKey={};EndpointSuffix=core", drawn(86) + "=="),
    (clouds.find, "Endpoint=sb://x/;SharedAccessKey={};", drawn(43) + "="),
    (clouds.find, "https://x.blob.example/?sv=1&sig={}&se=2", drawn(43) + "%3D"),
    (clouds.find, "client: {}", "abc8Q~" + drawn(34)),
    (clouds.find, "{}", "dop_v1_" + H64),
    (clouds.find, "{}", "dapi" + H32),
    (clouds.find, "VAULT_TOKEN={}", "hvs." + drawn(30)),
    (forges.find, "{}", "ghp_" + drawn(36)),
    (forges.find, '"log:\\n{}"', "ghp_" + drawn(36)),
    (forges.find, "token={};", "github_pat_" + drawn(60)),
    (forges.find, "https://oauth2:{}@x", "glpat-" + drawn(20)),
    (forges.find, "{}", "npm_" + drawn(36)),
    (forges.find, "password = {}", "pypi-AgEIcHlwaS5vcmc" + drawn(80)),
    (forges.find, "{}", "dckr_pat_" + drawn(27)),
    (services.find, "{}", "xoxb-" + "123456789012-" + drawn(24)),
    (services.find, "https://hooks.slack.com/services/{}", "T1234567/B1234567/" + drawn(24)),
    (services.find, "{}", "sk_live_" + drawn(24)),
    (services.find, "sid {}", "AC" + H32),
    (services.find, "{}", "SG." + drawn(22) + "." + drawn(43)),
    (services.find, "{}", "sk-proj-" + drawn(40)),
    (services.find, "{}", "sk-ant-api03-" + drawn(60)),
    (services.find, "bot{}/getMe", "1234567890:AA" + drawn(33)),
    (services.find, "{}", "glsa_" + drawn(32) + "_" + hexed(8)),
    (services.find, "{}", "AGE-SECRET-KEY-1" + "Q" * 58),
    (prefixes.find, "{}", "gsk_" + drawn(52)),
    (prefixes.find, "{}", "xai-" + drawn(80)),
    (prefixes.find, "{}", "pplx-" + drawn(48)),
    (prefixes.find, "{}", "r8_" + drawn(37)),
    (prefixes.find, "{}", "lsv2_pt_" + H32 + "_" + hexed(10)),
    (prefixes.find, "key={};", "sbp_" + hexed(40)),
    (prefixes.find, "{}", "pscale_tkn_" + drawn(43)),
    (prefixes.find, "{}", "tskey-auth-" + drawn(12) + "-" + drawn(32)),
    (prefixes.find, "{}", "CCIPAT_" + drawn(22) + "_" + hexed(40)),
    (prefixes.find, "sonar.token={}", "squ_" + hexed(40)),
    (prefixes.find, "{}", "xkeysib-" + H64 + "-" + drawn(16)),
    (prefixes.find, "{}", "re_" + drawn(8) + "_" + drawn(24)),
    (prefixes.find, "{}", "shippo_live_" + hexed(40)),
    (prefixes.find, "https://x.webhook.office.com/webhookb2/{}", drawn(36) + "@" + drawn(36)),
    (prefixes.find, "https://hooks.zapier.com/hooks/catch/{}/", "123456/" + drawn(7)),
    (jwt.find, "Cookie: session={}; a=b", TOKEN_JWT),
    (private_keys.find, "key = '''{}'''", PEM),
    (private_keys.find, "{}\n", OPENSSH),
    (private_keys.find, '{{"private_key": "{}\\n"}}', ESCAPED),
    (private_keys.find, "x\r\n{}\r\n", PEM.replace("\n", "\r\n")),
    (private_keys.find, "begins here: {}", PEM.rpartition("\nabc=")[0]),
    (private_keys.find, "before\n{}", PEM.partition("\n")[2]),
    (private_keys.find, "Comment: x\nPrivate-Lines: {}Private-MAC: 1", f"2\n{drawn(64)}\n{drawn(60)}\n"),
    (urls.find, "postgresql://app:{}@db.example/x", "s3cr.t!"),
    (urls.find, "redis://:{}@host:6379/0", "hunter22"),
    (urls.find, "https://me:{}@host/path?q=@", "p@ss:w0rd"),
    (urls.find, 'dsn := "app:{}@tcp(db.internal:3306)/x"', "p4ssw0rd"),
    (urls.find, "git clone https://{}@host/x.git", drawn(36)),
    (urls.find, '"Server=x;User Id=sa;Password={};Timeout=3"', "Tr0ub4dor&3".replace("&", "+")),
    (urls.find, 'dsn = "host=db user=app password={} dbname=x"', "hunter22"),
    (urls.find, "jdbc:mysql://h/x?user=a&password={}&ssl=1", "hunter22"),
    (headers.find, "Authorization: Bearer {}", drawn(30)),
    (headers.find, "'Authorization': 'Basic {}'", "bWU6" + drawn(12) + "=="),
    (headers.find, 'headers["Authorization"] = "token {}"', drawn(20)),
    (headers.find, 'curl -H "X-Api-Key: {}"', drawn(20)),
    (headers.find, '--header "PRIVATE-TOKEN: {}"', drawn(20)),
    (headers.find, "Cookie: theme=dark; sessionid={}; a=b", drawn(32)),
    (headers.find, "requests.get(url, auth=('me', '{}'))", "hunter2"),
    (urls.find, "https://x.example/y?a=1&api_key={}&b=2", drawn(20)),
    (config_files.find, "//registry.example/:_authToken={}", drawn(36)),
    (config_files.find, "_auth = {}\n", drawn(24) + "=="),
    (config_files.find, "machine api.example\n  login me\n  password {}\n", "hunter2"),
    (config_files.find, '{{"auths": {{"x": {{"auth": "{}"}}}}}}', "bWU6" + drawn(12)),
    (config_files.find, "db.example:5432:app:me:{}\n", "hunter2"),
    (config_files.find, "me:{}:19000:0:99999:7:::", "$6$salt$" + drawn(80)),
    (commands.find, "run --password {} --verbose", "hunter2"),
    (commands.find, "run --db-password={}\n", "hunter2"),
    (commands.find, "curl -s -u me:{} https://x", "hunter2"),
    (commands.find, "sshpass -p {} ssh me@x", "hunter2"),
    (commands.find, "mysqldump -u root -p{} x", "hunter2"),
    (commands.find, "run --token {} -x", drawn(24)),
    (commands.find, "CREATE USER x IDENTIFIED BY '{}';", "hunter2"),
    (assigned.find, 'password = "{}"', "hunter2"),
    (assigned.find, "password: '{}'", "swordfish"),
    (assigned.find, 'dbPassword: str = "{}"', "hunter2"),
    (assigned.find, 'const dbPassword string = "{}"', "hunter2"),
    (assigned.find, 'char password[25] = "{}";', "hunter2"),
    (assigned.find, 'os.environ["DB_PASSWORD"] = "{}"', "hunter2"),
    (assigned.find, '{{"client_secret": "{}"}}', "not-a-word-9"),
    (assigned.find, "if password == '{}':", "let me in 9"),
    (assigned.find, 'passphrase = "{}"', "correct horse battery staple"),
    (assigned.find, 'password = "{}"', 'with \\"quotes\\" 1'),
    (assigned.find, "DB_PASSWORD={}\n", "hunter"),
    (assigned.find, "export API_KEY={}\n", drawn(20)),
    (assigned.find, "spring.datasource.password={}\n", "hunter"),
    (assigned.find, "  password: {}\n", "hunter2!x"),
    (assigned.find, "  password: {}  # the old one\n", "swordfish"),
    (assigned.find, "password = {}\r\n", "hunter2!x"),
    (assigned.find, "- name: DB_PASSWORD\n  value: {}\n", "hunter2"),
    (assigned.find, '<add key="DbPassword" value="{}" />', "hunter2"),
    (assigned.find, "<password>{}</password>", "hunter2"),
    (assigned.find, 'client.setPassword("{}")', "hunter2"),
    (assigned.find, 'os.getenv("API_TOKEN", "{}")', drawn(20)),
    (assigned.find, 'api_key: "{}"', "123e4567-e89b-12d3-a456-426614174000"),
    (assigned.find, "password := `{}`", "hunter2"),
    (assigned.find, 'jwtKey := []byte("{}")', "a-key-8841"),
    (assigned.find, "PGPASSWORD={} psql -h db", "hunter"),
    (assigned.find, "docker run -e DB_PASSWORD={} image", "hunter2"),
    (assigned.find, "define('DB_PASSWORD', '{}');", "swordfish"),
    (assigned.find, "connect(host='h', password='{}')", "hunter2"),
    (assigned.find, ":password => '{}',", "hunter2"),
    (assigned.find, "data:\n  password: {}\n", "aHVudGVyMg=="),
    (assigned.find, 'String password = "{}";', "hunter2"),
    (assigned.find, 'private static final String DB_PASSWORD = "{}";', "hunter2"),
    (library.find, "jfrog {} x", "AKC" + drawn(20)),
    (library.find, "square {}", "sq0csp-" + drawn(43)),
    (library.find, "api.softlayer.com/soap/v3/{}".join(["https://", ""]), H64),
    (high_entropy.find, 'WHATEVER = "{}"', drawn(40)),
    (high_entropy.find, "thing: '{}'", H64),
    (high_entropy.find, "THING={}\n", drawn(43)),
]


@pytest.mark.parametrize(
    ("find", "around", "secret"), FOUND, ids=[f"{row[0].__module__[27:]}-{n}" for n, row in enumerate(FOUND)]
)
def test_found(find: Detector, around: str, secret: str) -> None:
    """The credential is found where it stands, whole, and nothing else is."""
    text = around.format(secret)
    spans = list(find(text))
    assert {each.value for each in spans} == {secret}
    assert all(text[each.start : each.end] == each.value and each.kind.isupper() for each in spans)


LEFT = [
    'password = ""',
    "password = get_password()",
    "password = os.environ['DB_PASSWORD']",
    "password=password,",
    "def login(user: str, password: str) -> None:",
    "password: string;",
    "    password: str\n",
    "    secret: SecretStr\n",
    'password = "${DB_PASSWORD}"',
    "DB_PASSWORD=$OTHER\n",
    "PASSWORD=$(cat /run/secrets/db)\n",
    'password = "<your password>"',
    'password = "{{ db_password }}"',
    'password = "%s"',
    'password = f"{prefix}{rest}"',
    'password = "********"',
    'password = "xxxxxx"',
    'password = "your-password-here"',
    'password = "changeme"',
    'field("password", "email")',
    '["password", "passwd", "pwd", "secret"]',
    'label = "Password"',
    'password_label = "Enter the password"',
    'error = "the password is wrong"',
    'PASSWORD_FIELD = "user_password"',
    'TOKEN_URL = "https://login.example/oauth/token"',
    'token_type = "bearer"',
    'token = "identifier"',
    'key = "name"',
    "https://x.example/y?token={token}&key=$KEY",
    "https://x.example/search?key=value-of-a-key",
    "Cookie: theme=dark; lang=en",
    "PASSWORD=$1 run",
    'fields = ("PASSWORD", "EMAIL")',
    '"the --username and --password options"',
    "auth=(user, password)",
    'api_key = settings.api_key',
    'secret_name = "prod/db/main"',
    'password: "Please enter your password:"',
    "https://user:password@host/",
    "https://{user}:{password}@host/",
    "https://$USER:$PASS@host/",
    "http://localhost:8080/@scope/name",
    "me@example.com:path/to",
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "the bearer of this letter",
    "git rev-parse 0123456789abcdef0123456789abcdef01234567",
    'commit = "0a8c266910232fd3291e71e5ba1e058cc5af9d41"',
    "    --hash=sha256:" + H64 + " \\\n",
    '"integrity": "sha512-' + drawn(86) + '=="',
    'id = "123e4567-e89b-12d3-a456-426614174000"',
    'alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"',
    'name = "test_a_long_function_name_with_many_words_in_it_2"',
    'model = "text-embedding-3-small-2024-01-25"',
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "-----BEGIN CERTIFICATE-----\n" + KEY_LINES + "\n-----END CERTIFICATE-----\n",
    "-----BEGIN PUBLIC KEY-----\n" + drawn(64) + "\n-----END PUBLIC KEY-----",
    "--password PASSWORD",
    "the --username and --password options",
    "eyJ is how it begins",
    "re_compile_this_pattern_and_that",
    "sl.append(x)",
    "the EAA is an agreement, see v1.0-beta and 1//0",
    "sk-learn-something-or-other-here",
    "from sklearn.model_selection import GridSearchCV",
    "AKIA is the prefix of a key",
    "x.y.z = very.long.attribute.chain.of.names",
    "self._auth = self._build_auth(auth)",
    "background = url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA)",
]  # fmt: skip


@pytest.mark.parametrize("text", LEFT)
def test_left_alone(text: str) -> None:
    """What only looks like a credential is none for any detector."""
    assert [(each.kind, each.value) for find in CREDENTIALS for each in find(text)] == []


ODD = [
    "", "\n" * 5000, "=" * 5000, "A" * 100_000, "a" * 40_000 + '="', "://" * 10_000, "-" * 50_000, "password" * 5_000,
    "password = '" + "\\" * 20_000, "x: [" * 10_000, '"' * 30_000, "a:" * 30_000, "a " * 30_000, "a=" * 30_000,
    "-----BEGIN PRIVATE KEY-----\n" * 500, "-----END PRIVATE KEY-----\n" * 500, "curl " * 5_000, "key value " * 5_000,
    "eyJ" * 20_000, "https://a:" * 5_000, "{%" * 10_000, "password='${" * 5_000,
    "sk-" * 10_000, "a.b" * 10_000, "a-" * 15_000, "PASSWORD=" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts_end_soon(text: str) -> None:
    """No text makes a pattern try for long: a second for 100,000 characters is far more than any takes."""
    import time

    started = time.perf_counter()
    for find in CREDENTIALS:
        list(find(text))
    assert time.perf_counter() - started < 5
