"""The desk of a chat: files looked at, editors called, models listed, sessions written to files, patches applied."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localdev.app.applying import Moved
from localdev.app.conversation.choosing import NONE, Choice, settings_for
from localdev.app.conversation.desk import Desk, Reach
from localdev.app.conversation.editors import editor_command
from localdev.app.conversation.starter import LocalStarter
from localdev.config.settings import build
from localdev.core.errors import LocaldevError, NotFound, UsageError
from localdev.core.folders import Folders
from localdev.core.patch import FileEdit
from localdev.core.talk import Turn
from localdev.models.store import ModelStore
from localdev.sessions.store import SessionStore

TINY = Path(__file__).parents[2] / "data" / "tiny.gguf"


def desk_with(folders: Folders, root: Path, store: SessionStore, **values: Any) -> Desk:
    """Make a desk with some settings: `chat__k=3`."""
    settings = build({name.replace("__", "."): value for name, value in values.items()})
    return Desk(settings, folders, root, LocalStarter(settings, folders, root), store, {"EDITOR": "vim"})


@pytest.fixture
def desk(folders: Folders, root: Path, store: SessionStore) -> Iterator[Desk]:
    """Give a desk with the defaults."""
    found = desk_with(folders, root, store)
    yield found
    found.starter.close()  # type: ignore[attr-defined]


def test_lines_of_a_passage_are_shown_with_some_around(desk: Desk) -> None:
    """Numbers are those of the file; the beginning and the end of it are no trouble."""
    seen = desk.preview("pay.py", 4, 5, around=1)
    assert (seen.first_line, seen.lines) == (3, ("", "def pay() -> None:", "    add_to_cart('fee')"))
    assert seen.language == "python" and not seen.changed
    assert desk.preview("pay.py", 1, 1).first_line == 1


def test_a_file_that_has_changed_since_is_said(desk: Desk, root: Path) -> None:
    """By its time, or because the lines are not there any more."""
    assert not desk.preview("pay.py", 1, 2, since=time.time() + 10).changed
    assert desk.preview("pay.py", 1, 2, since=time.time() - 3600).changed
    shorter = desk.preview("pay.py", 90, 95)
    assert shorter.changed and shorter.lines[-1] == "    add_to_cart('fee')"
    (root / "empty.py").write_text("")
    assert desk.preview("empty.py", 1, 3).lines == ()


def test_what_cannot_be_looked_at_is_said(desk: Desk, root: Path) -> None:
    """Gone, outside, no text, a folder, a pipe nobody writes to."""
    (root / "bin").write_bytes(b"\x7fELF\0\0")
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    for path, kind in [
        ("gone.py", NotFound),
        ("../secret", UsageError),
        ("/etc/passwd", UsageError),
        ("bin", UsageError),
        ("folder", UsageError),
        ("pipe", UsageError),
    ]:
        with pytest.raises(kind):
            desk.preview(path, 1, 2)


def test_files_are_read_to_be_given_with_a_question(desk: Desk, root: Path, tmp_path: Path) -> None:
    """Inside the repository and outside, in UTF-8 or UTF-16; what is too large or no text is refused."""
    assert desk.read("@pay.py").text.startswith("from cart")
    (tmp_path / "log.txt").write_bytes("größer\n".encode("utf-16"))
    attached = desk.read(str(tmp_path / "log.txt"))
    assert attached.text == "größer\n" and attached.name == str(tmp_path / "log.txt")
    (root / "large.log").write_text("x" * 1_000_001)
    with pytest.raises(UsageError, match="1 MB"):
        desk.read("large.log")
    with pytest.raises(NotFound):
        desk.read("gone.log")


@pytest.mark.parametrize(
    ("editor", "expected"),
    [
        ("vim", ["vim", "+7", "F"]),
        ("/usr/bin/nvim -p", ["/usr/bin/nvim", "-p", "+7", "F"]),
        ("nano", ["nano", "+7", "F"]),
        ("emacs -nw", ["emacs", "-nw", "+7", "F"]),
        ("kak", ["kak", "+7", "F"]),
        ("hx", ["hx", "F:7"]),
        ("micro", ["micro", "F:7"]),
        ("code", ["code", "--wait", "--goto", "F:7"]),
        ("code --wait", ["code", "--wait", "--goto", "F:7"]),
        ("codium -w", ["codium", "-w", "--goto", "F:7"]),
        ("subl", ["subl", "--wait", "F:7"]),
        ("pycharm", ["pycharm", "--line", "7", "F"]),
        ("my-own-editor", ["my-own-editor", "F"]),
    ],
)
def test_an_editor_is_called_at_the_line(editor: str, expected: list[str]) -> None:
    """Each family has its own way to name a line, and those that give the terminal back at once are told to wait."""
    assert editor_command({"EDITOR": editor}, Path("F"), 7) == expected
    assert editor_command({"EDITOR": "ed", "VISUAL": editor}, Path("F"), 7) == expected


def test_an_editor_of_the_usual_ones_is_found(tmp_path: Path) -> None:
    """Where none is named; without any of them that is said."""
    with pytest.raises(UsageError, match="no editor"):
        editor_command({"PATH": str(tmp_path)}, Path("F"), 1)
    (tmp_path / "nano").write_text("#!/bin/sh\n")
    (tmp_path / "nano").chmod(0o755)
    assert editor_command({"PATH": str(tmp_path), "EDITOR": " "}, Path("F"), 0) == ["nano", "+1", "F"]
    spaced = tmp_path / "my editor"
    shutil.copy(tmp_path / "nano", spaced)
    assert editor_command({"EDITOR": str(spaced)}, Path("F"), 1) == [str(spaced), "F"]


def test_models_and_adapters_are_listed(folders: Folders, root: Path, store: SessionStore) -> None:
    """Those of the store and those that the settings name; the one that answers comes first."""
    ModelStore(folders.models).add(TINY)
    desk = desk_with(folders, root, store, models__chat=("ollama:qwen", "tiny"))
    (first, second) = desk.models()
    assert (first.name, first.detail, first.chosen) == ("ollama:qwen", "in Ollama", True)
    assert second.name == "tiny" and "MB" in second.detail and not second.chosen
    assert [each.name for each in desk.models(Choice("tiny")) if each.chosen] == ["tiny"]
    assert desk.adapters() == ()
    assert desk_with(folders, root, store).models()[0].chosen


@pytest.mark.parametrize(
    ("values", "choice", "expected"),
    [
        ({}, Choice(), Reach("offline")),
        ({"model": "tiny"}, Choice(), Reach("offline", model="tiny")),
        ({"model": "tiny"}, Choice(NONE), Reach("offline")),
        ({"model": "models/tiny-q4.gguf"}, Choice(), Reach("offline", model="tiny-q4")),
        ({"model": "ollama:q"}, Choice(), Reach("offline", model="ollama:q")),
        (
            {
                "model": "openai:q",
                "remote__openai_url": "http://gpu.example:8000/v1",
                "egress__allow": ("gpu.example",),
            },
            Choice(),
            Reach("gpu.example", True, "openai:q"),
        ),
        (
            {"model": "openai:q", "remote__openai_url": "http://gpu.example:8000/v1"},
            Choice(),
            Reach("offline (host not allowed)", model="openai:q"),
        ),
        (
            {
                "model": "openai:q",
                "remote__openai_url": "http://gpu.example:8000/v1",
                "egress__allow": ("gpu.example:8000",),
            },
            Choice("tiny"),
            Reach("offline", model="tiny"),
        ),
        (
            {"search__embedder": "openai:e@https://vec.example/v1", "egress__allow": ("vec.example",)},
            Choice(NONE),
            Reach("vec.example", True),
        ),
        (
            {"index__store": "http://db.example:8000", "egress__allow": ("db.example",)},
            Choice(),
            Reach("db.example", True),
        ),
    ],
)
def test_how_far_words_can_go_is_said(
    folders: Folders, root: Path, store: SessionStore, values: dict[str, Any], choice: Choice, expected: Reach
) -> None:
    """Offline, or the hosts beyond this machine: of the model, the embedder, or the store of vectors."""
    assert desk_with(folders, root, store, **values).reach(choice) == expected


def test_a_choice_becomes_the_settings_of_a_job() -> None:
    """A model stands in for all lists of the settings, an adapter is the job's own, `none` takes it away."""
    settings = build({"model": "a", "models.chat": ("b", "c"), "chat.adapter": "x", "review.adapter": "y"})
    assert settings_for(settings, "chat") == settings
    chosen = settings_for(settings, "chat", model="d", adapter="z@0.5")
    assert (chosen.model, chosen.models.chat, chosen.chat.adapter, chosen.review.adapter) == ("d", (), "z@0.5", "y")
    assert settings_for(settings, "chat", adapter=NONE).chat.adapter == ""
    assert settings_for(settings, "names", adapter="z") == settings


def test_a_path_of_an_adapter_means_the_same_in_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service has another current folder."""
    monkeypatch.chdir(tmp_path)
    assert settings_for(build({}), "chat", adapter="a.gguf@2").chat.adapter == f"{tmp_path}/a.gguf@2"
    assert settings_for(build({"gen.adapter": "g.gguf"}), "gen").gen.adapter == f"{tmp_path}/g.gguf"


def test_a_session_is_written_to_a_file(desk: Desk, store: SessionStore, root: Path) -> None:
    """As Markdown or JSON, under a name made of its title; what is there is not overwritten."""
    info = store.create(root, title="Why is it so?")
    store.add(info.id, Turn(1, "question", "Why?", "Because.", "done"))
    path, again = desk.export(info), desk.export(info)
    assert path.parent == desk.folders.exports and "why-is-it-so" in path.name and "Because." in path.read_text()
    assert again != path and again.read_text() == path.read_text() and again.stem.endswith("-2")
    assert not list(root.glob("chat-*")), "it would be committed by chance"
    written = desk.export(info, "json", "chat.json")
    assert json.loads(written.read_text())["turns"][0]["answer"] == "Because."
    with pytest.raises(UsageError, match="already"):
        desk.export(info, "json", "chat.json")
    for form, file in [("pdf", "x"), ("json", "no/such/folder.json"), ("json", ".")]:
        with pytest.raises(LocaldevError):
            desk.export(info, form, file)


def test_nothing_to_export_is_said(desk: Desk, root: Path) -> None:
    """A conversation without a turn has no session yet."""
    from localdev.core.talk import SessionInfo

    with pytest.raises(UsageError, match="nothing to export"):
        desk.export(SessionInfo("", "", str(root), 0, 0))


def test_a_patch_is_written_and_taken_back(desk: Desk, root: Path) -> None:
    """All of it or nothing; what was changed meanwhile is left alone."""
    old = (root / "pay.py").read_text()
    desk.apply([FileEdit("pay.py", old, old + "# paid\n")], "/gen edit")
    assert (root / "pay.py").read_text().endswith("# paid\n")
    assert desk.undo().paths == ("pay.py",) and (root / "pay.py").read_text() == old
    with pytest.raises(Moved):
        desk.apply([FileEdit("pay.py", "other", "new")], "x")


def test_names_for_completion(desk: Desk) -> None:
    """Paths, and symbols with their places."""
    names = desk.names()
    assert names.paths == ("cart.py", "pay.py") and ("add_to_cart", "cart.py", 1) in names.symbols
