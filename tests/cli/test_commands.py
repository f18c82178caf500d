"""Each command end to end on a small real repository."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from localdev.cli.app import COMMANDS
from localdev.core.folders import find_folders
from tests.cli.conftest import Run


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Give a scripted model that cites one source that exists and one that does not."""
    path = tmp_path / "script.json"
    text = "Settings are read by `read_settings` [1], not by `frobnicate` [99].\n"
    path.write_text(json.dumps({"name": "scripted", "replies": [text]}))
    return path


def test_version_and_help(run: Run) -> None:
    """Version and help answer on stdout; help lists every command and the exit codes."""
    assert run("--version").out == run("-V").out == "localdev 0.1.0\n"
    shown = run("--help")
    assert (shown.code, shown.err) == (0, "")
    assert all(f"  {name} " in shown.out for name in COMMANDS)
    assert "Exit codes: 0 fine" in shown.out
    assert run().out == run("-h").out == shown.out
    assert "\x1b" not in shown.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    """Each file in the table loads, explains itself, and takes `-C` where it works on a repository."""
    shown = run(name, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(f"Usage: localdev {name}")
    if name not in ("models", "config", "service", "setup", "hooks", "gen", "sessions"):
        assert "-C PATH" in shown.out


def test_nothing_is_written_by_looking(run: Run, repository: Path, home: Path) -> None:
    """Help, version and reading settings leave the home empty."""
    for arguments in (["--help"], ["config", "show", "--origin"], ["config", "path"], ["models", "list"]):
        assert run(*arguments, *(["-C", repository] if arguments[0] == "config" else [])).code == 0
    assert list(home.rglob("*")) == []


def test_search_as_text(run: Run, repository: Path) -> None:
    """A hit is its place, symbol and kind, then the lines that matter with their numbers."""
    found = run("-C", repository, "search", "read settings", "-k", "2")
    assert found.code == 0
    blocks = found.out.split("\n\n")
    assert len(blocks) == 2
    assert blocks[0].splitlines()[0] == "app/settings.py:1-7  read_settings  function"
    assert "     4  def read_settings(path: str) -> dict[str, str]:" in blocks[0]


def test_search_options(run: Run, repository: Path) -> None:
    """Filters narrow, `--explain` adds parts that make up the score, nothing found is a negative answer."""
    as_json = json.loads(run("search", "settings", "-C", repository, "--json", "--explain", "--path", "app/m*").out)
    assert as_json["schema_version"] == 1
    assert {result["path"] for result in as_json["results"]} == {"app/main.py"}
    assert as_json["results"][0]["parts"]
    assert {"rank", "path", "start_line", "end_line", "symbol", "kind", "language", "score", "snippet"} <= set(
        as_json["results"][0]
    )
    assert "  function" in run("search", "cart", "-C", repository, "--lang", "javascript", "--explain").out
    nothing = run("search", "cart", "-C", repository, "--lang", "python", "--kind", "class")
    assert (nothing.code, nothing.out) == (1, "")
    in_json = run("search", "cart", "-C", repository, "--lang", "python", "--kind", "class", "--json")
    assert (in_json.code, json.loads(in_json.out)["results"]) == (1, [])


def test_a_negative_answer_is_a_finished_job(run: Run, repository: Path) -> None:
    """Exit code 1 does not make the journal say that the job was cancelled."""
    (repository / "notes.txt").write_text("nothing is defined here\n")
    assert run("search", "cart", "-C", repository, "--kind", "selector").code == 1
    assert run("outline", "notes.txt", "-C", repository).code == 1
    lines = find_folders().journal.read_text().splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["ok", "ok"]


def test_search_many_queries(run: Run, repository: Path, tmp_path: Path) -> None:
    """One query a line gives one JSON object a line, in order, blank lines left out."""
    queries = tmp_path / "queries.txt"
    queries.write_text("settings\n\nshopping cart\nzzzz\n")
    found = run("search", "-C", repository, "--queries", queries)
    objects = [json.loads(line) for line in found.out.splitlines()]
    assert [each["query"] for each in objects] == ["settings", "shopping cart", "zzzz"]
    assert objects[1]["results"][0]["path"] == "web/cart.js"


def test_index_and_status(run: Run, repository: Path) -> None:
    """The report counts what was done; the status is read without doing anything."""
    assert run("index", "status", "-C", repository).code == 1
    first = json.loads(run("index", "-C", repository, "--json").out)
    assert (first["files"], first["added"], first["schema_version"]) == (4, 4, 1)
    (repository / "app" / "main.py").unlink()
    (repository / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    second = run("index", "-C", repository)
    assert "0 added, 0 changed, 1 removed" in second.out
    assert "logo.png  (" in second.out
    known = json.loads(run("-C", repository, "index", "status", "--json").out)
    assert (known["state"], known["files"]) == ("ready", 3)
    assert "(3 added, 0 changed, 0 removed)" in run("index", "--rebuild", "-C", repository).out


def test_a_folder_name_cannot_drive_the_terminal(run: Run, tmp_path: Path) -> None:
    """Where a path is printed as the origin of a setting, its control characters are shown and not obeyed."""
    folder = tmp_path / "a\x1b[31mb"
    (folder / ".git").mkdir(parents=True)
    written = run("config", "set", "--project", "ask.k", "3", "-C", folder)
    shown = run("config", "show", "--origin", "-C", folder)
    for outcome in (written, shown):
        assert outcome.code == 0 and "a\\x1b[31mb" in outcome.out and "\x1b" not in outcome.out


def test_c_before_and_after(run: Run, repository: Path) -> None:
    """Each `-C` counts from the one before, also between the words of a command."""
    parent = repository.parent
    run("index", "-C", repository)
    for arguments in (
        ["-C", repository, "index", "status"],
        ["-C", parent, "index", "-C", "sample", "status"],
        ["-C", parent, "index", "status", "-C", "sample/app"],
    ):
        assert f"{repository}\n" in run(*arguments).out


def test_outline(run: Run, repository: Path) -> None:
    """Definitions by file, under a path and within a budget."""
    assert "app/settings.py\n" in run("outline", "-C", repository).out
    only = json.loads(run("outline", "web", "-C", repository, "--json").out)
    assert [(each["path"], each["name"]) for each in only["symbols"]] == [("web/cart.js", "addToCart")]
    assert run("outline", "README.md", "-C", repository, "--tokens", "20").code == 2


def test_ask_without_a_model(run: Run, repository: Path) -> None:
    """The places are the answer; the hint names how to get more, on stderr; `--no-model` asks for just this."""
    answer = run("ask", "how", "are", "settings", "read?", "-C", repository)
    assert answer.code == 0
    assert answer.out.startswith("[1] app/settings.py:1-7  read_settings\n")
    assert re.fullmatch(r"hint: for answers in words, .*`localdev models add FILE\.gguf`.*\n", answer.err)
    assert run("ask", "how are settings read?", "-C", repository, "--no-model").err == ""


def test_ask_about_nothing_is_a_negative_answer(run: Run, tmp_path: Path) -> None:
    """An empty folder has no answer: exit code 1, and the sentence on stdout."""
    (tmp_path / "empty").mkdir()
    answer = run("ask", "how are settings read?", "-C", tmp_path / "empty", "--no-model")
    assert (answer.code, answer.out) == (1, "Nothing in this repository matches the question.\n")


def test_ask_with_a_model(run: Run, repository: Path, script: Path) -> None:
    """The answer is checked: a false citation goes, an unknown name is named, the sources follow."""
    answer = run("ask", "how are settings read?", "-C", repository, "--model", f"fake:{script}")
    assert answer.code == 0, answer.err
    assert "`read_settings` [1]" in answer.out and "[99]" not in answer.out
    assert "[1] app/settings.py:1-7  read_settings" in answer.out
    assert "not found in this repository: frobnicate" in answer.err
    assert "scripted read" in answer.err


def test_ask_as_json(run: Run, repository: Path, script: Path) -> None:
    """The contract's fields, and nothing else on stdout."""
    answer = json.loads(run("ask", "settings?", "-C", repository, "--model", f"fake:{script}", "--json").out)
    assert set(answer) >= {
        "schema_version",
        "answer",
        "citations",
        "unverified",
        "model",
        "usage",
        "timings",
        "stop_reason",
    }
    assert set(answer["citations"][0]) == {"id", "path", "start_line", "end_line", "symbol"}
    assert set(answer["usage"]) == {"prompt_tokens", "cached_tokens", "completion_tokens"}
    assert set(answer["timings"]) == {"refresh_ms", "retrieve_ms", "first_token_ms", "total_ms"}
    assert (answer["model"], answer["unverified"]) == ("scripted", ["frobnicate"])


def test_ask_shows_the_prompt(shell: Run, repository: Path) -> None:
    """What a model would be sent holds the question, the passages and the text on stdin."""
    shown = shell("ask", "why @app/main.py?", "--show-prompt", cwd=repository, input="KeyError: 'name'")
    assert shown.code == 0, shown.err
    assert shown.out.startswith("=== system ===")
    assert all(text in shown.out for text in ("why app/main.py?", "KeyError: 'name'", "def main() -> None:"))


def test_settings_of_the_project_are_used(run: Run, repository: Path, script: Path) -> None:
    """A project's model counts only after `trust`; the user is told before."""
    (repository / ".localdev.toml").write_text(f"model = 'fake:{script}'\n")
    before = run("ask", "settings?", "-C", repository, "--json")
    assert json.loads(before.out)["model"] == ""
    assert "localdev trust" in before.err
    assert "trusted" in run("trust", "-C", repository).out
    assert json.loads(run("ask", "settings?", "-C", repository, "--json").out)["model"] == "scripted"
    assert "not trusted any more" in run("trust", "--revoke", "-C", repository).out


def test_config(run: Run, repository: Path, home: Path) -> None:
    """Set, show with origin, and the paths."""
    assert run("config", "set", "ask.k", "3").code == 0
    assert run("config", "set", "search.k", "4", "--project", "-C", repository).code == 0
    shown = run("config", "show", "--origin", "-C", repository).out
    user = home / "localdev" / "config" / "config.toml"
    assert "ask.k = 3" in shown and f"# {user}:2" in shown and f"# {repository}/.localdev.toml:2" in shown
    listed = json.loads(run("config", "show", "--json", "-C", repository).out)["settings"]
    assert listed["search.k"] == {
        "value": 4,
        "origin": {"kind": "project", "where": f"{repository}/.localdev.toml", "line": 2},
    }
    assert json.loads(run("config", "path", "--json", "-C", repository).out)["user"] == str(user)


def test_models(run: Run, repository: Path) -> None:
    """A real model file is kept, listed, and used as the only one there is."""
    tiny = Path(__file__).parents[1] / "data" / "tiny.gguf"
    added = json.loads(run("models", "add", tiny, "--copy", "--json").out)
    assert (added["schema_version"], added["mode"]) == (1, "copy")
    assert f"\n{added['name']}   {added['digest'][:12]}" in run("models", "list").out
    listed = json.loads(run("models", "list", "--json").out)
    assert [model["name"] for model in listed["models"]] == [added["name"]]


def test_doctor(run: Run, repository: Path) -> None:
    """All that is needed works here; what is optional does not fail it, and names the command."""
    report = run("doctor", "-C", repository, "--json")
    assert report.code == 0, report.out
    checks = {check["name"]: check for check in json.loads(report.out)["checks"]}
    assert {"python", "git", "sqlite", "grammars", "embedder", "chromadb", "folders", "index", "models"} <= set(checks)
    assert checks["models"]["hint"] == "`localdev models add FILE.gguf`"
    assert all(set(check) >= {"name", "ok", "detail", "hint"} for check in checks.values())


def test_wipe(run: Run, repository: Path) -> None:
    """The index of one repository, or of all, goes; nothing is removed without a yes."""
    run("index", "-C", repository)
    assert run("wipe", "-C", repository).code == 2
    assert run("index", "status", "-C", repository).code == 0
    gone = json.loads(run("wipe", "-C", repository, "--yes", "--json").out)
    assert gone["bytes"] > 0 and len(gone["removed"]) == 1
    assert not Path(gone["removed"][0]["path"]).exists()
    assert "nothing to remove" in run("wipe", "--all", "--yes", "-C", repository).out


def test_wipe_removes_kept_states(run: Run, repository: Path, home: Path) -> None:
    """States of prompts go with their repository's index, are counted, and those of others stay."""
    run("index", "-C", repository)
    (index,) = (home / "localdev" / "data" / "indexes").glob("sample-*")
    states = home / "localdev" / "cache" / "states"
    for owner in (index.name, "shared"):
        (states / owner).mkdir(parents=True)
        (states / owner / "one.kv").write_bytes(b"x" * 5000)
    gone = run("wipe", "-C", repository, "--yes")
    assert f"removed {states / index.name} (5 kB, 1 state of prompts)" in gone.out
    assert not index.exists() and [path.name for path in states.iterdir()] == ["shared"]
    assert json.loads(run("wipe", "--all", "--yes", "--json", "-C", repository).out)["bytes"] == 5000


def test_content_cannot_drive_the_terminal(run: Run, repository: Path) -> None:
    """Escape codes in names and code are shown, not obeyed."""
    (repository / "evil\x1b[31m.py").write_text('def settings_evil():\n    """Settings \x1b]0;title\x07 here."""\n')
    found = run("search", "settings_evil", "-C", repository)
    answer = run("ask", "settings_evil?", "-C", repository)
    assert "\\x1b[31m.py" in found.out
    assert not any(mark in found.out + answer.out + answer.err for mark in ("\x1b", "\x07"))


def test_a_file_name_cannot_fake_lines(run: Run, repository: Path) -> None:
    """A line end in a name is shown, and what stands behind it starts no line of output."""
    (repository / "app" / "a\nwarning: forged\n.py").write_text("def forged_settings():\n    return 1\n")
    (repository / "b\nwarning: forged.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    for arguments in (
        ["search", "forged_settings"],
        ["outline"],
        ["index"],
        ["search", "x", "-C", "a\nwarning: forged"],
    ):
        said = run("-C", repository, *arguments)
        assert "warning: forged" in said.out + said.err, arguments
        assert not any(line.startswith("warning: forged") for line in (said.out + said.err).splitlines()), arguments


def test_wrong_settings_stop_neither_doctor_nor_config_show(run: Run, repository: Path) -> None:
    """What helps to find a mistake works in spite of it; other commands say what is wrong."""
    path = Path(run("config", "path").out.split()[1])
    path.parent.mkdir(parents=True)
    path.write_text("serch.k = 3\n")
    assert run("search", "x", "-C", repository).code == 2
    shown = run("config", "show", "-C", repository)
    assert shown.code == 0 and "ask.k = 8" in shown.out
    assert shown.err.startswith("warning: unknown setting serch.k")
    report = run("doctor", "-C", repository)
    assert report.code == 1 and "FAIL  settings" in report.out and "did you mean search.k?" in report.out


def test_a_strangers_file_stops_nothing_and_is_not_trusted(run: Run, repository: Path) -> None:
    """A broken `.localdev.toml` in a clone costs a warning; trusting it is refused."""
    (repository / ".localdev.toml").write_text("serch.k = 3\n")
    found = run("search", "settings", "-C", repository)
    assert found.code == 0 and "warning: unknown setting serch.k" in found.err
    refused = run("trust", "-C", repository)
    assert (refused.code, refused.out) == (2, "")


def test_a_model_file_under_another_suffix(run: Run, tmp_path: Path) -> None:
    """It is named as others are, and the name is said, since its path names no model."""
    (tmp_path / "b.txt").write_bytes((Path(__file__).parents[1] / "data" / "tiny.gguf").read_bytes())
    added = run("models", "add", tmp_path / "b.txt")
    assert added.out.startswith("b: ") and "hint: call it b from now on" in added.err


def test_a_changed_model_is_seen_and_can_be_removed(run: Run, repository: Path, tmp_path: Path) -> None:
    """Doctor and list name a model whose file was changed in place; it goes only with a yes."""
    model = tmp_path / "m.gguf"
    model.write_bytes((Path(__file__).parents[1] / "data" / "tiny.gguf").read_bytes())
    run("models", "add", model)
    with model.open("r+b") as file:
        file.write(b"GGUX")
    assert "warning: m was changed since it was added" in run("models", "list").err
    checks = json.loads(run("doctor", "-C", repository, "--json").out)["checks"]
    [found] = [check for check in checks if check["name"] == "models"]
    assert not found["ok"] and "m was changed" in found["detail"] and "`localdev models remove m`" in found["hint"]
    refused = run("models", "remove", "m")
    assert (refused.code, refused.out) == (2, "") and "--yes" in refused.err
    assert json.loads(run("models", "remove", "m", "--yes", "--json").out)["name"] == "m"
    assert (run("models", "list").out, model.exists()) == ("", True)
    assert run("models", "remove", "m", "--yes").code == 4


def test_a_group_alone_prints_its_help(run: Run) -> None:
    """As the program alone does; descriptions are whole sentences."""
    for name in ("models", "config"):
        shown = run(name)
        assert shown == run(name, "--help") and shown.code == 0
        assert "..." not in shown.out.partition("Commands:")[2]
    assert "Build or refresh the index" in run("index", "--help").out
    assert "..." not in run("index", "--help").out.partition("Commands:")[2]


def test_one_is_singular(run: Run, tmp_path: Path) -> None:
    """One file is not `1 files`."""
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "run.pl").write_text("print 1;\n")
    report, status = run("index", "-C", tmp_path / "only"), run("index", "status", "-C", tmp_path / "only")
    assert report.out.startswith("1 file, 1 chunk (1 added") and "1 file without a grammar was cut" in report.out
    assert "\n1 file, 1 chunk, 0 symbols, 0 skipped\n" in status.out


def test_an_outline_of_what_is_skipped_says_so(run: Run, repository: Path) -> None:
    """Nothing is there because it was not looked at, in a folder, below it, or in one file."""
    vendored = repository / "third_party" / "lib"
    vendored.mkdir(parents=True)
    (vendored / "code.py").write_text("def function():\n    return 1\n")
    (repository / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    for path, reason in (("third_party", "vendored"), ("third_party/lib", "vendored"), ("logo.png", "binary")):
        said = run("outline", path, "-C", repository)
        assert (said.code, said.err) == (1, f"hint: this is not indexed: {reason}\n")


def test_a_bare_repository_is_refused(run: Run, tmp_path: Path) -> None:
    """It holds git's own data, which nobody asks about."""
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "bare.git"], check=True)
    said = run("-C", tmp_path / "bare.git", "search", "flags")
    assert said.code == 2 and "is a bare repository" in said.err and "clone it" in said.err
