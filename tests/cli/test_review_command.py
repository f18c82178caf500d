"""`localdev review` as its user meets it: which change, which form, which exit code."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import Run, command

MARKERS = "<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> side\n"
SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json").read_text())


def git(root: Path, *arguments: str) -> str:
    """Run git in the repository."""
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def conflicted(repository: Path) -> Path:
    """Leave the marks of a conflict in a file."""
    (repository / "app" / "main.py").write_text(MARKERS)
    return repository


def test_uncommitted_work_is_reviewed_with_the_code(run: Run, conflicted: Path) -> None:
    """The file, the line, the rule and the lines around; exit code 1."""
    done = run("-C", conflicted, "review")
    assert done.code == 1
    assert done.out.startswith("app/main.py\n     1  high  ")
    assert "[merge-marker]" in done.out
    assert "      >      1 | <<<<<<< HEAD\n" in done.out
    assert "in 1 changed file; by rules alone" in done.out.splitlines()[-1]


def test_an_unchanged_repository_has_nothing_to_review(run: Run, repository: Path) -> None:
    """It says which change it means."""
    for arguments, what in (((), "uncommitted"), (("--staged",), "staged")):
        done = run("-C", repository, "review", *arguments)
        assert (done.code, done.out) == (0, f"nothing to review: no {what} changes\n")


def test_staged_work_alone(run: Run, conflicted: Path) -> None:
    """What is not staged is not looked at."""
    assert run("-C", conflicted, "review", "--staged").code == 0
    git(conflicted, "add", "-A")
    assert run("-C", conflicted, "review", "--staged").code == 1


def test_commits_and_patches(run: Run, shell: Run, conflicted: Path, tmp_path: Path) -> None:
    """A range, a patch in a file, a patch on stdin, and a patch outside any repository: the same findings."""
    patch = git(conflicted, "diff")
    (tmp_path / "x.patch").write_text(patch)
    git(conflicted, "commit", "-qam", "oops")
    by_range = json.loads(run("-C", conflicted, "review", "--diff", "HEAD~1..HEAD", "--json").out)
    found = [(each["rule"], each["line"], each["quote"]) for each in by_range["findings"]]
    assert ("merge-marker", 1, "<<<<<<< HEAD") in found
    outside = tmp_path / "outside"
    outside.mkdir()
    for place in (conflicted, outside):
        for name, text in ((tmp_path / "x.patch", None), ("-", patch)):
            done = shell("-C", place, "review", "--patch", name, "--json", input=text)
            assert done.code == 1, done.err
            marks = [each for each in json.loads(done.out)["findings"] if each["rule"] == "merge-marker"]
            assert [each["line"] for each in marks] == [line for rule, line, _ in found if rule == "merge-marker"]


def test_a_closed_stdin_is_no_patch(repository: Path) -> None:
    """A script that closed it is told so."""
    words = [*command("-C", repository, "review", "--patch", "-")]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *words], capture_output=True, text=True)
    assert (done.returncode, "nothing on stdin" in done.stderr) == (4, True)


def test_a_patch_that_powershell_wrote(run: Run, conflicted: Path, tmp_path: Path) -> None:
    """Its `>` writes UTF-16 with carriage returns."""
    (tmp_path / "x.patch").write_bytes(git(conflicted, "diff").replace("\n", "\r\n").encode("utf-16"))
    done = run("-C", conflicted, "review", "--patch", tmp_path / "x.patch", "--json")
    assert [each["line"] for each in json.loads(done.out)["findings"]][:1] == [1]


def test_paths_narrow_the_change(run: Run, conflicted: Path) -> None:
    """Files and folders count from where the user stands; one that is gone may be named; one outside may not."""
    assert run("-C", conflicted, "review", "web").code == 0
    assert run("-C", conflicted / "app", "review", "main.py").code == 1
    assert run("-C", conflicted, "review", ".").code == run("-C", conflicted / "app", "review", "..").code == 1
    done = run("-C", conflicted, "review", "../elsewhere")
    assert (done.code, "is outside" in done.err) == (2, True)
    assert run("-C", conflicted, "review", "web").out == "nothing to review: no uncommitted changes in web\n"


def test_a_path_that_is_nowhere_is_an_error(run: Run, conflicted: Path) -> None:
    """A slip of the keys in CI must not pass, also beside a right path; one that is gone, or was once, is none."""
    for arguments in (("web/card.js",), ("app", "web/card.js"), ("--staged", "ap"), ("--diff", "HEAD", "ap")):
        done = run("-C", conflicted, "review", *arguments)
        assert (done.code, "there is no " in done.err, done.out) == (2, True, ""), arguments
    (conflicted / "web" / "cart.js").unlink()
    assert run("-C", conflicted, "review", "web/cart.js").code == 0
    git(conflicted, "commit", "-qam", "gone")
    assert run("-C", conflicted, "review", "--diff", "HEAD~1..HEAD", "web/cart.js").code == 0
    git(conflicted, "revert", "--no-edit", "HEAD")
    (conflicted / "web" / "cart.js").unlink()
    assert run("-C", conflicted, "review", "--diff", "HEAD~1..HEAD", "app").code == 0
    assert run("-C", conflicted, "review", "--diff", "..").out == "nothing to review: no changes in ..\n"


def test_a_cloned_repository_cannot_switch_its_review_off(run: Run, conflicted: Path) -> None:
    """Neither by rules nor by time nor by what counts as failed; it may once it is trusted."""
    for settings in ('off = ["merge-marker"]', 'exclude = ["**"]', "deadline = 0.001", 'fail_on = "never"'):
        (conflicted / ".localdev.toml").write_text(f"[review]\n{settings}\n")
        done = run("-C", conflicted, "review", "app", "--json")
        assert done.code == 1 and "merge-marker" in done.out, settings
        assert f"review.{settings.split()[0]} not used" in done.err
    run("-C", conflicted, "trust")
    assert run("-C", conflicted, "review", "app").code == 0


@pytest.mark.parametrize(("level", "code"), [("high", 1), ("info", 1), ("never", 0)])
def test_the_exit_code_follows_the_level(run: Run, conflicted: Path, level: str, code: int) -> None:
    """From which severity on a review fails is the user's choice."""
    assert run("-C", conflicted, "review", "--fail-on", level).code == code


def test_every_form_is_what_it_says(run: Run, conflicted: Path) -> None:
    """SARIF by its schema, JSON, Markdown, and what forges read."""
    log = json.loads(run("-C", conflicted, "review", "--format", "sarif").out)
    jsonschema.Draft202012Validator(SCHEMA).validate(log)
    assert "merge-marker" in [each["ruleId"] for each in log["runs"][0]["results"]]
    assert json.loads(run("-C", conflicted, "review", "--format", "gitlab").out)[0]["location"]["path"] == "app/main.py"
    assert run("-C", conflicted, "review", "--format", "github").out.startswith("::error file=app/main.py,line=1")
    assert run("-C", conflicted, "review", "--format", "markdown").out.startswith("## Review of uncommitted changes\n")
    done = run("-C", conflicted, "review", "--format", "xml")
    assert (done.code, "sarif" in done.err) == (2, True)


def test_a_line_a_finding_for_editors(run: Run, conflicted: Path) -> None:
    """Path, line, severity, rule and message, as compilers print them, and nothing else."""
    done = run("-C", conflicted, "review", "--no-model", "--format", "short")
    assert done.code == 1
    assert done.out and all(row.startswith("app/main.py:") for row in done.out.splitlines())
    assert done.out.startswith("app/main.py:1: high merge-marker: ")


def test_code_is_not_repeated_for_neighbours(run: Run, repository: Path) -> None:
    """A line that was shown with the finding above is shown again only to be marked."""
    (repository / "app" / "main.py").write_text("x = 1\neval(input())\neval(input())\ny = 2\n")
    rows = [row for row in run("-C", repository, "review", "--no-model").out.splitlines() if " | " in row]
    assert [row[6:].split(" | ")[0] for row in rows] == ["       1", ">      2", "       3", "       4", ">      3"]


def on_a_terminal(*words: object) -> str:
    """Run localdev with both of its outputs on a terminal of 80 columns, and give what it shows there."""
    import os
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"}
    process = subprocess.Popen(command(*words), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # how Linux says that the other side of a terminal is gone
        pass
    os.close(ours)
    process.wait(60)
    rows = re.sub("\x1b\\[[^a-zA-Z]*[a-zA-Z]", "", shown.decode()).replace("\r\n", "\n").split("\n")
    return "\n".join(row.rpartition("\r")[2] for row in rows)  # what a bar has drawn is gone


def test_eighty_columns(repository: Path) -> None:
    """A finding hangs under its message, and a hint is folded at words, too."""
    (repository / "app" / "main.py").write_text("import subprocess\nsubprocess.run(input(), shell=True)\n")
    shown = on_a_terminal("-C", repository, "review")
    rows = shown.split("\n")
    assert max(map(len, rows)) <= 80
    (at,) = [at for at, row in enumerate(rows) if row.startswith("hint: ")]
    assert rows[at + 1].startswith("  ") and rows[at + 1].strip()
    (at,) = [at for at, row in enumerate(rows) if row.startswith("     2  ")]
    message = rows[at].index(rows[at].split()[2])
    assert rows[at + 1].startswith(" " * message) and rows[at + 1][message] != " " and "]" in rows[at + 1]


def test_a_baseline_hides_what_was_known(run: Run, conflicted: Path, tmp_path: Path) -> None:
    """Also when lines have moved; what is new is told."""
    path = tmp_path / "known.json"
    assert run("-C", conflicted, "review", "--write-baseline", path).code == 0
    (conflicted / "app" / "main.py").write_text('"""Moved."""\n\n' + MARKERS)
    done = run("-C", conflicted, "review", "--baseline", path)
    assert (done.code, "known before" in done.out) == (0, True), done.out
    (conflicted / "web" / "cart.js").write_text(MARKERS)
    assert run("-C", conflicted, "review", "--baseline", path).code == 1


@pytest.mark.parametrize("text", [None, "[]", "{", '{"schema_version": 9, "findings": []}'])
def test_what_is_no_baseline_is_an_error(run: Run, conflicted: Path, tmp_path: Path, text: str | None) -> None:
    """Not there, of another form, of another version."""
    if text is not None:
        (tmp_path / "known.json").write_text(text)
    done = run("-C", conflicted, "review", "--baseline", tmp_path / "known.json")
    assert done.code in (2, 4)
    assert "--write-baseline" in done.err


def test_a_baseline_is_written_and_not_printed(run: Run, conflicted: Path) -> None:
    """It says how many findings went where, makes no folders, and is for all who work on the repository."""
    done = run("-C", conflicted, "review", "--write-baseline", "known.json")
    assert (done.code, done.out) == (0, "")
    assert f"1 finding written to {conflicted / 'known.json'}\n" in done.err
    assert (conflicted / "known.json").stat().st_mode & 0o044 == 0o044
    for place in ("new/known.json", "README.md/known.json"):
        done = run("-C", conflicted, "review", "--write-baseline", place)
        assert (done.code, "cannot write" in done.err) == (4, True)
    assert not (conflicted / "new").exists()


@pytest.mark.parametrize(("level", "code"), [("high", 1), ("never", 0)])
def test_a_review_that_could_not_look_is_not_clean(run: Run, repository: Path, level: str, code: int) -> None:
    """It fails in CI, and says what was not reviewed, once."""
    (repository / "app" / "main.py").write_text("x = 1\n")
    words = ("-C", repository, "review", "--no-model", "--deadline", "0.000001", "--fail-on", level)
    done = run(*words)
    assert (done.code, done.err) == (code, "")
    assert done.out == "not reviewed:\n  app/main.py: deadline\n1 of 1 files not reviewed: deadline; by rules alone\n"
    for form in ("github", "gitlab", "sarif", "json"):
        done = run(*words, "--format", form)
        assert (done.code, "1 of 1 files not reviewed" in done.err) == (code, level != "never")
    done = run(*words, "--write-baseline", "known.json")
    assert (done.code, "1 of 1 files not reviewed" in done.err) == (code, level != "never")


def test_rules_are_explained(run: Run, repository: Path) -> None:
    """One by its id, all of them, and one that is not there with the nearest."""
    done = run("-C", repository, "review", "--explain", "merge-marker")
    assert done.code == 0
    assert "localdev: ignore[merge-marker]" in done.out
    assert "merge-marker" in run("-C", repository, "review", "--explain", "list").out
    assert json.loads(run("-C", repository, "review", "--explain", "merge-marker", "--json").out)["severity"] == "high"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("merge-markers", "merge-marker"),
        ("eval", "code-execution"),
        ("secrets", "private-key"),
        ("SQL", "sql-injection"),
    ],
)
def test_a_rule_is_looked_for_by_its_words(run: Run, repository: Path, name: str, meant: str) -> None:
    """Its name, its family, what it is about."""
    done = run("-C", repository, "review", "--explain", name)
    assert (done.code, meant in done.err) == (4, True), done.err
    assert "did you mean" not in run("-C", repository, "review", "--explain", "zzqxv").err


def test_a_comment_that_suppresses_nothing_is_told(run: Run, repository: Path) -> None:
    """One without brackets, and one that names a rule that does not exist; with the place."""
    names = ("", "[merge-marker, no-such]", "[ruff/F401]")
    (repository / "app" / "main.py").write_text("".join(f"a = 1  # localdev: ignore{each}\n" for each in names))
    done = run("-C", repository, "review", "--no-model")
    assert done.err.splitlines() == [
        "warning: app/main.py:1: localdev: ignore names no rule, so nothing is ignored: localdev: ignore[RULE]",
        "warning: app/main.py:2: localdev: ignore[no-such] names no rule that there is",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--staged", "--diff", "A..B"], 2, "different changes"),
        (["--diff", "nowhere..HEAD"], 2, "no commit"),
        (["--patch", "missing.patch"], 4, "cannot read"),
        (["--fail-on", "terrible"], 2, "review.fail_on"),
        (["--deadline", "-1"], 2, "0 or more"),
    ],
)
def test_mistakes_are_said_in_a_line(run: Run, repository: Path, arguments: list[str], code: int, said: str) -> None:
    """What is wrong and what to do, and no traceback."""
    done = run("-C", repository, "review", *arguments)
    assert done.code == code, done.err
    assert said in done.err
    assert "hint:" in done.err
    assert "Traceback" not in done.err


def test_a_folder_that_is_no_repository_is_an_error(run: Run, tmp_path: Path) -> None:
    """Only a patch can be reviewed there."""
    folder = tmp_path / "plain"
    folder.mkdir()
    done = run("-C", folder, "review")
    assert done.code == 4
    assert "no git repository" in done.err


def test_text_of_a_file_cannot_drive_the_terminal(run: Run, repository: Path) -> None:
    """Escapes in a line and in a file's name are shown, not obeyed."""
    (repository / "app" / "main.py").write_text(f"<<<<<<< \x1b[2J\n{MARKERS}")
    (repository / "a\x1b]0;x\x07.py").write_text(MARKERS)
    for form in ("text", "markdown", "github"):
        done = run("-C", repository, "review", "--format", form)
        assert "\x1b" not in done.out
        assert "\\x1b" in done.out
