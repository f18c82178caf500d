"""Neighbours of defects that real changes had: members of archives, pages, assets, ids of sessions, modes of TLS."""

from __future__ import annotations

import pytest

from localdev.core.change import Change, DiffLine, FileChange, Hunk
from localdev.rules.changed import ReviewedChange
from localdev.rules.dangerous import (
    archives,
    markup,
    paths,
    shell_lines,
    tls,
    tokens,
    weak_cipher,
    weak_hash,
    weak_random,
)
from localdev.rules.injected import code
from localdev.rules.registry import RULES
from localdev.rules.rule import Rule
from tests.rules.changing import Texts
from tests.rules.rows import severities

_TAR = 'package a\nimport "archive/tar"\nfunc f(root string, %s) {\n\tos.Create(filepath.Join(root, %s))\n}\n'
_PAGE = "function page(message, %s) {\n  return `<p>${escapeHtml(message)}</p>` + `%s`\n}\n"
_SESSION = (
    "import random\nclass %s:\n    def %s(self):\n        rng = random.Random(1)\n        return rng.choice('ab')\n"
)
_TLS = "const a = { rejectUnauthorized: %s }\n"

MEMBERS = [
    ("h *tar.Header", "h.Name", "high"),
    ("file *tarEntry, tar string", "file.h.Name", "high"),
    ("th *tar.Header", "th.Name", "high"),
    ("zf *zip.File, tarball string", "zf.Name", "high"),
    ("head *tar.Header", "head.Name", "high"),
    ("fh *zip.FileHeader, tar string", "fh.Name", "high"),
    ("h *tar.Header", "filepath.Base(h.Name)", ""),
    ("h *tar.Header", '"name"', ""),
    ("h *tar.Header, dir, name string", "dir", ""),
    ("h *tar.Header", "safeName(h.Name)", ""),
]
PAGES = [
    ("resource", "<a href='${resource}'>again</a>", "medium"),
    ("title", "<h1>${title}</h1>", "medium"),
    ("label", "<p>Hello ${label}</p>", "medium"),
    ("link", '<a href="${link}">more</a>', "medium"),
    ("author", "<td>${author}</td>", "medium"),
    ("resource", "<a href='${escapeHtml(resource)}'>again</a>", ""),
    ("bodyHtml", "<div>${bodyHtml}</div>", ""),
    ("width", "<td width=${width}></td>", ""),
    ("children", "<ul>${children}</ul>", ""),
    ("resource", "plain ${resource}", ""),
]
ASSETS = [
    ("getAsset", "name", "medium"),
    ("readAsset", "file", "medium"),
    ("serveAsset", "path", "medium"),
    ("assetText", "filename", "medium"),
    ("loadAssets", "slug", "medium"),
    ("getAsset", "'logo.svg'", ""),
    ("getAsset", "path.basename(name)", ""),
    ("compile", "name", ""),
    ("getAsset", "index", ""),
    ("getAsset", "ASSETS[name]", ""),
]
IDS = [
    ("Session", "generate_id", "medium"),
    ("Session", "new_id", "medium"),
    ("SessionStore", "_make_key", "medium"),
    ("CsrfGuard", "generate", "high"),
    ("CsrfGuard", "new_value", "medium"),
    ("Otp", "create_code", "medium"),
    ("ApiKey", "generate_string", "medium"),
    ("Board", "generate_id", ""),
    ("Session", "pick_server", ""),
    ("Tokenizer", "new_id", ""),
]
MODES = [
    ("mode === 'verify-full'", "high"),
    ('mode === "verify-full"', "high"),
    ("mode == 'verify_identity'", "high"),
    ("mode === 'verify-ca' || mode === 'verify-full'", "high"),
    ("sslmode !== 'require'", "high"),
    ("false", "high"),
    ("true", ""),
    ("options.verify !== false", ""),
    ("mode !== 'no-verify'", ""),
    ("!config.insecure", ""),
]
DECODED = [
    ("  const user = jwt.decode(req.headers.authorization)\n", "high"),
    ("  const user = jwt.decode(req.cookies.token)\n", "high"),
    ("  const user = jwtDecode(req.headers.authorization)\n", "high"),
    ("  const header = jwt.decode(req.headers.authorization, { complete: true })\n", ""),
    ("  const user = jwt.decode(req.headers.authorization)\n  jwt.verify(t, key)\n", ""),
    ("  const user = jwt.verify(req.headers.authorization, key)\n", ""),
    ("  const user = jwtDecode(localToken)\n", ""),
]
SCRIPTS: list[tuple[Rule, str, str]] = [
    (tls.RULE, "curl -k https://a.org/b", "medium"),
    (tls.RULE, "curl -fsSLk https://a.org/b -o c", "medium"),
    (tls.RULE, "curl --insecure https://a.org/b", "medium"),
    (tls.RULE, "wget -q --no-check-certificate https://a.org/b", "medium"),
    (tls.RULE, "git -c http.sslVerify=false clone https://a.org/b", "medium"),
    (tls.RULE, "export NODE_TLS_REJECT_UNAUTHORIZED=0", "medium"),
    (tls.RULE, "curl -K settings https://a.org/b", ""),
    (tls.RULE, "curl -sS https://a.org/b | sort -k 2", ""),
    (tls.RULE, "curl -k https://localhost:8443/health", ""),
    (tls.RULE, "# curl -k https://a.org", ""),
    (code.RULE, "eval $1", "medium"),
    (code.RULE, 'eval "$@"', "medium"),
    (code.RULE, 'sh -c "$1"', "medium"),
    (code.RULE, 'eval "$command"', "low"),
    (code.RULE, 'eval "$(ssh-agent -s)"', ""),
    (code.RULE, '"$@"', ""),
    (shell_lines.RULE, "curl -fsSL https://a.org/b.sh | sh", "medium"),
    (shell_lines.RULE, "curl https://a.org/b | sudo -E bash -", "medium"),
    (shell_lines.RULE, "bash <(curl -s https://a.org/b)", "medium"),
    (shell_lines.RULE, 'sh -c "$(curl -fsSL https://a.org/b)"', "medium"),
    (shell_lines.RULE, "curl -s https://a.org/b | python3 -", "medium"),
    (shell_lines.RULE, "curl -s https://a.org/b \\\n  | bash -s -- -y", "medium"),
    (shell_lines.RULE, "curl -s https://a.org/b | jq . | sort", ""),
    (shell_lines.RULE, "curl -s https://a.org/b | python3 -m json.tool", ""),
    (shell_lines.RULE, "echo 'curl https://a.org | sh'", ""),
    (shell_lines.RULE, "curl -sO https://a.org/b && sha256sum -c b.sum && sh b", ""),
]
OTHERS: list[tuple[Rule, str, str, str]] = [
    (shell_lines.RULE, "Dockerfile", "FROM a\nRUN apt-get update && curl http://a.org/b | sh\n", "medium"),
    (tls.RULE, "app.dockerfile", "FROM a\nRUN a && \\\n    wget --no-check-certificate https://a.org\n", "medium"),
    (
        markup.RULE,
        "a.go",
        "package a\nfunc h(c *gin.Context) {\n\tdata, _ := os.ReadFile(filepath.Join(root, c.Param(`n`)))\n"
        '\tc.Data(200, "text/html", data)\n}\n',
        "",
    ),
    (
        markup.RULE,
        "a.go",
        'package a\nfunc h(c *gin.Context) {\n\tc.Data(200, "text/html", []byte(c.Query("n")))\n}\n',
        "high",
    ),
    (markup.RULE, "a.php", "<?php\necho \"Hello \" . $_GET['name'];\n", "high"),
    (markup.RULE, "a.php", "<?php\necho file_get_contents($_GET['name']);\n", ""),
    (markup.RULE, "a.php", "<?php\necho file_get_contents('php://input');\n", "high"),
    (weak_hash.RULE, "a.js", "function cacheKey(token) { return createHash('md5').update(token).digest() }\n", "low"),
    (weak_hash.RULE, "a.py", "cache_key = hashlib.md5(token.encode()).hexdigest()\n", "low"),
    (weak_hash.RULE, "a.py", "token = hashlib.md5(cache_key.encode()).hexdigest()\n", "medium"),
    (weak_hash.RULE, "a.py", "GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'\nsign = hashlib.sha1(key + GUID)\n", ""),
    (weak_cipher.RULE, "a.py", "def connect(sock, ssl):\n    return ssl.wrap_socket(sock)\n", ""),
    (weak_cipher.RULE, "a.py", "import ssl\ndef connect(sock):\n    return ssl.wrap_socket(sock)\n", "medium"),
]


def _said(expected: str) -> list[str]:
    """Give the severities that a row asks for."""
    return [expected] if expected else []


@pytest.mark.parametrize(("parameter", "value", "expected"), MEMBERS)
def test_members_of_archives(parameter: str, value: str, expected: str) -> None:
    """A member's name is one under any of the usual names of a header."""
    assert severities(archives.RULE, "lib/a.go", _TAR % (parameter, value)) == _said(expected)


@pytest.mark.parametrize(("parameter", "text", "expected"), PAGES)
def test_what_stands_beside_escaped_data(parameter: str, text: str, expected: str) -> None:
    """Where one value is escaped, another that is put into tags as it is was forgotten."""
    assert severities(markup.RULE, "lib/a.js", _PAGE % (parameter, text)) == _said(expected)


@pytest.mark.parametrize(("function", "value", "expected"), ASSETS)
def test_assets_by_name(function: str, value: str, expected: str) -> None:
    """Functions that hand out assets are asked for them by name."""
    parameter = value if value.isidentifier() else "name"
    text = f"function {function}({parameter}) {{\n  return path.join(root, 'assets', {value})\n}}\n"
    assert severities(paths.RULE, "lib/a.js", text) == _said(expected)


@pytest.mark.parametrize(("owner", "method", "expected"), IDS)
def test_ids_of_sessions(owner: str, method: str, expected: str) -> None:
    """What a class makes ids of says whether they have to be secret."""
    assert set(severities(weak_random.RULE, "lib/a.py", _SESSION % (owner, method))) <= {"high", "medium"}
    assert bool(severities(weak_random.RULE, "lib/a.py", _SESSION % (owner, method))) == bool(expected)


@pytest.mark.parametrize(("value", "expected"), MODES)
def test_modes_of_tls(value: str, expected: str) -> None:
    """A mode that checks everything, asked for by name, leaves the others without a check."""
    assert severities(tls.RULE, "lib/a.ts", _TLS % value) == _said(expected)


@pytest.mark.parametrize(("body", "expected"), DECODED)
def test_tokens_that_are_only_decoded(body: str, expected: str) -> None:
    """A token of a request that is only decoded says whatever its sender likes."""
    assert severities(tokens.RULE, "lib/a.js", f"function f(req, res) {{\n{body}}}\n") == _said(expected)


@pytest.mark.parametrize(("rule", "line", "expected"), SCRIPTS)
def test_lines_of_scripts(rule: Rule, line: str, expected: str) -> None:
    """Shell scripts are read by their commands."""
    assert severities(rule, "deploy/a.sh", f"#!/bin/sh\n{line}\n") == _said(expected)


@pytest.mark.parametrize(("rule", "path", "text", "expected"), OTHERS)
def test_others(rule: Rule, path: str, text: str, expected: str) -> None:
    """Files for containers, answers made of files, hashes that are only looked up."""
    assert severities(rule, path, text) == _said(expected)


def test_overlong_lines_are_passed_over() -> None:
    """A very long line is named, its syntax is not read, and the lines around it still are."""
    long = "x = '" + "<" * 100_000 + "'; eval(y)"
    rows = ["def f(request):", f"    {long}", "    return eval(request.GET['a'])"]
    lines = tuple(DiffLine("added", row, 0, at) for at, row in enumerate(rows, 1))
    file = FileChange("a.py", "", "added", "", "100644", hunks=(Hunk(0, 0, 1, len(rows), "", lines),))
    change = ReviewedChange(Change((file,)), Texts({}, {"a.py": "\n".join(rows) + "\n"}, {}))
    assert change.files[0].overlong == (2,)
    found = {(each.line, rule.id) for rule in RULES for each in rule.check(change)}
    assert (3, "code-execution") in found
    assert not any(line == 2 for line, _ in found)
