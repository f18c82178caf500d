"""How long the review rules take on large, repetitive and broken files: CPU seconds by language, and the slowest rules.

    python benchmarks/review_speed.py [--language NAME] [--shape NAME] [--each 1.0] [--profile]

Ordinary code is made by repeating a few functions with other names. The other shapes are what someone may well add:
one file of 5,000 functions, one function of 2,000 calls, a line of 5 MB, and 100 KB of one character in a line of its
own. Every rule is timed alone over the whole file, all of its lines new; what reading the syntax takes is given apart.
"""

# ruff: noqa: E501 - the samples are lines of code

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from localdev.core.change import Change, DiffLine, FileChange, Hunk, Sides
from localdev.rules.changed import ReviewedChange
from localdev.rules.registry import RULES
from localdev.rules.rule import Rule

GARBAGE = ("<", "(", "[", "{", '"', "'", "`", "@", "$", "#", "*", "/", " ", "a", "=", "-", "<<<<<<< ", "(a", "x.", "${")

# Per language: its suffix, a function (N is another number each time), the head and foot of a long function with its
# calls, and a statement that may be repeated on one line.
CODE: dict[str, tuple[str, str, tuple[str, str, str], str]] = {
    "python": (
        ".py",
        "def fN(request, name):\n    path = os.path.join(root, request.GET['n'])\n    if check(name):\n"
        "        return open(path).read()\n    token = random.random()\n"
        "    print('%s' % token)\n    return requests.get(request.GET['u'], verify=False)\n\n\n",
        ("def f(request):\n", "    pN = os.path.join(root, request.GET['n'])\n    xN = open(pN)\n", "    return 1\n"),
        "aN = open(os.path.join(r, request.GET['n']));",
    ),
    "javascript": (
        ".js",
        "function fN(req, res) {\n  const a = path.join(root, req.query.n);\n  db.query(`select ${a} from t`);\n"
        "  el.innerHTML = x + a;\n  exec('ls ' + a);\n  const token = Math.random();\n  res.send(`<p>${a}</p>`);\n}\n\n",
        ("function f(req, res) {\n", "  const aN = req.query.nN;\n  el.innerHTML = aN + x;\n", "}\n"),
        "var aN=path.join(r,req.query.n);el.innerHTML=aN+x;",
    ),
    "typescript": (
        ".ts",
        "export function fN(req: Request, res: Response): void {\n  const a = path.join(root, req.query.n);\n"
        "  db.query(`select ${a} from t`);\n  el.innerHTML = x + a;\n  res.send(`<p>${a}</p>`);\n}\n\n",
        ("function f(req: Request) {\n", "  const aN = req.query.nN;\n  el.innerHTML = aN + x;\n", "}\n"),
        "var aN=path.join(r,req.query.n);el.innerHTML=aN+x;",
    ),
    "go": (
        ".go",
        'func fN(w http.ResponseWriter, r *http.Request) {\n\tp := filepath.Join(root, r.FormValue("n"))\n'
        '\tdata, _ := os.ReadFile(p)\n\tdb.Query("select " + p)\n\tfmt.Fprintf(w, "<p>%s</p>", data)\n'
        "\ttoken := rand.Int()\n\tlog.Println(token)\n}\n\n",
        ("func f(r *http.Request) {\n", '\tpN := filepath.Join(root, r.FormValue("n"))\n\tos.Open(pN)\n', "}\n"),
        'os.Open(filepath.Join(root, r.FormValue("nN")));',
    ),
    "rust": (
        ".rs",
        'fn fN(name: &str) -> String {\n    let path = root.join(name);\n    let cmd = format!("ls {}", name);\n'
        '    Command::new("sh").arg("-c").arg(cmd).output().unwrap();\n    let token = rand::random::<u32>();\n'
        "    std::fs::read_to_string(path).unwrap()\n}\n\n",
        ("fn f(name: &str) {\n", "    let pN = root.join(name);\n    fs::read(pN);\n", "}\n"),
        "let aN = fs::read(root.join(name));",
    ),
    "java": (
        ".java",
        "class CN {\n  String f(HttpServletRequest request) {\n"
        '    File p = new File(root, request.getParameter("n"));\n'
        '    db.executeQuery("select " + p);\n    out.println("<p>" + p + "</p>");\n'
        "    int token = new Random().nextInt();\n    return read(p);\n  }\n}\n\n",
        (
            "class C {\n  void f(HttpServletRequest request) {\n",
            '    String pN = request.getParameter("n");\n    new File(root, pN);\n',
            "  }\n}\n",
        ),
        'new File(root, request.getParameter("nN"));',
    ),
    "c": (
        ".c",
        'void fN(char *s, int n) {\n  char b[10];\n  sprintf(b, "%s", s);\n  strcpy(b, s);\n  char *p = malloc(n * 4);\n'
        "  memcpy(p, s, n);\n  free(p);\n  system(b);\n  printf(s);\n}\n\n",
        ("void f(char *s) {\n", "  char *pN = malloc(N);\n  memcpy(pN, s, N);\n  free(pN);\n", "}\n"),
        "strcpy(bN, s);free(pN);",
    ),
    "cpp": (
        ".cpp",
        'void fN(const char *s, int n) {\n  char b[10];\n  sprintf(b, "%s", s);\n  std::string p = std::string("ls ") + s;\n'
        "  int *q = new int[n];\n  memcpy(q, s, n);\n  delete q;\n  system(p.c_str());\n}\n\n",
        ("void f(char *s) {\n", "  char *pN = malloc(N);\n  memcpy(pN, s, N);\n  free(pN);\n", "}\n"),
        "strcpy(bN, s);free(pN);",
    ),
    "c_sharp": (
        ".cs",
        "class CN {\n  string F(HttpRequest request) {\n"
        '    var p = Path.Combine(root, request.Query["n"]);\n'
        '    new SqlCommand("select " + p);\n    var token = new Random().Next();\n    Process.Start("sh", p);\n'
        "    return File.ReadAllText(p);\n  }\n}\n\n",
        (
            "class C {\n  void F(HttpRequest request) {\n",
            '    var pN = request.Query["n"];\n    File.OpenRead(pN);\n',
            "  }\n}\n",
        ),
        'File.OpenRead(request.Query["nN"]);',
    ),
    "ruby": (
        ".rb",
        "def fN(name)\n  path = File.join(ROOT, params[:n])\n  User.where(\"name = '#{params[:n]}'\")\n"
        "  system(\"ls #{path}\")\n  token = rand(100)\n  render html: params[:q].html_safe\nend\n\n",
        ("def f\n", "  pN = params[:n]\n  File.open(pN)\n", "end\n"),
        "aN = File.open(params[:nN]);",
    ),
    "php": (
        ".php",
        "function fN($name) {\n  $path = $root . '/' . $_GET['n'];\n  $db->query(\"select $path\");\n"
        "  system('ls ' . $path);\n  echo '<p>' . $path . '</p>';\n  $token = rand();\n  return file_get_contents($path);\n}\n\n",
        ("function f() {\n", "  $pN = $_GET['nN'];\n  include $pN;\n", "}\n"),
        "$aN = fopen($_GET['nN'], 'r');",
    ),
    "bash": (".sh", "fN() {\n  curl -s \"https://a/$1\" | jq .\n  eval \"$2\"\n}\n\n", ("f() {\n", "  a=$(ls N)\n", "}\n"), "a=$(ls N);"),
    "html": (".html", "<p>{{ nN|safe }}</p>\n", ("<div>\n", "<a onclick=\"f(N)\">{{ x }}</a>\n", "</div>\n"), "<p>{{ nN|safe }}</p>"),
    "markdown": (".md", "# Title N\n\nSome words about `a` and N.\n\n", ("", "* item N\n", ""), "word N "),
    "json": (".json", "", ("[\n", '{"a": N},\n', "0]\n"), '{"a": N},'),
}  # fmt: skip


class OneText(Sides):
    """A change that adds one file."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text

    def old_text(self, path: str) -> str | None:
        """Give nothing: there was no file."""
        return None

    def new_text(self, path: str) -> str | None:
        """Give the file."""
        return self.text if path == self.path else None

    def new_paths(self) -> frozenset[str]:
        """Give the one path."""
        return frozenset({self.path})

    def new_size(self, path: str) -> int | None:
        """Give the file's size."""
        return len(self.text) if path == self.path else None


def added(path: str, text: str) -> ReviewedChange:
    """Give the change that adds a file."""
    rows = text.split("\n")
    rows = rows[:-1] if rows[-1] == "" else rows
    lines = tuple(DiffLine("added", row, 0, at) for at, row in enumerate(rows, 1))
    change = FileChange(path, "", "added", "", "100644", hunks=(Hunk(0, 0, 1, len(rows), "", lines),))
    return ReviewedChange(Change((change,)), OneText(path, text))


def shapes(language: str) -> Iterator[tuple[str, str]]:
    """Yield the shapes of a language's file, each with its text."""
    _, function, (head, call, foot), statement = CODE[language]
    start = "<?php\n" if language == "php" else "package a\n\n" if language == "go" else ""
    if function:
        lines = max(1, function.count("\n"))
        yield "10,000 lines", start + _many(function, 10_000 // lines)
        yield "5,000 functions", start + _many(function, 5_000)
    yield "2,000 calls", start + head + _many(call, 2_000) + foot
    yield "5 MB line", start + _many(statement, 5_000_000 // len(statement)) + "\n"
    yield "19 KB line", start + _many(statement, 19_000 // len(statement)) + "\n"
    for mark in GARBAGE:
        yield f"100 KB of {mark}", start + function.replace("N", "0") + mark * (100_000 // len(mark)) + "\n"
        yield f"15 KB of {mark}", start + function.replace("N", "0") + mark * (15_000 // len(mark)) + "\n"


def _many(text: str, times: int) -> str:
    """Repeat a text with another number each time."""
    return "".join(text.replace("N", str(at)) for at in range(times))


def timed(rule: Rule, change: ReviewedChange) -> float:
    """Give the CPU seconds that one rule takes."""
    started = time.process_time()
    list(rule.check(change))
    return time.process_time() - started


def measure(language: str, shape: str, text: str, *, each: float) -> bool:
    """Print what the rules take on one text; False when it is more than it may be."""
    change = added(f"src/sample{CODE[language][0]}", text)
    started = time.process_time()
    _ = change.files[0].new_syntax
    parsing = time.process_time() - started
    costs = sorted(((timed(rule, change), rule.id) for rule in RULES), reverse=True)
    total = sum(cost for cost, _ in costs)
    slow = [f"{id} {cost:.2f}" for cost, id in costs[:4] if cost > each / 4]
    bad = any(cost > each for cost, _ in costs) if " of " in shape or "line" in shape[-4:] else total > 5 * each
    mark = "SLOW" if bad else "    "
    print(f"{mark} {language:<11}{shape:<22}{parsing:7.2f}{total:8.2f}  {', '.join(slow)}", flush=True)
    return not bad


def main() -> int:
    """Measure what is asked for; 1 when something took too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", default="")
    parser.add_argument("--shape", default="", help="only shapes whose name begins so")
    parser.add_argument("--each", type=float, default=1.0, help="CPU seconds that one rule may take on a broken file")
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    profile = cProfile.Profile()
    print(f"     {'language':<11}{'shape':<22}{'parsing':>7}{'rules':>8}  slowest")
    if asked.profile:
        profile.enable()
    good = True
    for language in CODE if not asked.language else [asked.language]:
        for shape, text in shapes(language):
            if shape.startswith(asked.shape):
                good = measure(language, shape, text, each=asked.each) and good
    if asked.profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
