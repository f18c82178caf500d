"""Choosing models, adapters and files, looking at a prompt, and the command palette."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from localdev.app.adapters import Wish, add_adapter
from localdev.app.conversation.choosing import Choice
from localdev.app.conversation.desk import Desk
from localdev.config.settings import Settings
from localdev.core.chat import Message
from localdev.core.errors import StorageError
from localdev.core.events import PromptShown, Result
from localdev.models.store import Adding, ModelStore
from localdev.tui.dialogs.files import FilePicker
from localdev.tui.dialogs.palette import open_palette
from localdev.tui.dialogs.pickers import AdapterPicker, ModelPicker
from localdev.tui.dialogs.prompt import PromptScreen
from localdev.tui.keys import bind, read_keys
from localdev.tui.themes import DARK
from tests.backends.lora import write_adapter
from tests.tui.dialogs import DialogHost, desk_of, ended
from tests.tui.drive import Snapshots, drive, settle, shows
from tests.tui.picture import screen_text
from tests.tui.scripted import Gate, ScriptedRun, ScriptedStarter, Step

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


@pytest.fixture
def empty(tmp_path: Path) -> Desk:
    """A repository without models."""
    root = tmp_path / "shop"
    root.mkdir()
    return desk_of(root)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One with a model of its own and one in Ollama, and an adapter."""
    root = tmp_path_factory.mktemp("pickers") / "shop"
    root.mkdir()
    desk = desk_of(root)
    ModelStore(desk.folders.models).add(TINY, Adding(name="tiny"))
    add_adapter(Wish(write_adapter(root.parent / "style.gguf"), base="tiny"), Settings(), desk.folders)
    return replace(desk, settings=Settings(model="ollama:coder"))


def files(desk: Desk, paths: tuple[str, ...], *before: Step) -> Desk:
    """Give the desk with an index of these files; `before` comes first."""
    result = Result({"paths": list(paths), "symbols": []})
    return desk_of(desk.root, starter=ScriptedStarter({"names": [[*before, result]]}))


PATHS = ("README.md", "shop/cart.py", "shop/pricing.py", "shop/store.py", "a\x1b[31m\u202eb.py", "x" * 200)


def test_model_picker(snap: Snapshots, desk: Desk) -> None:
    """The models with what is known of them; the one in use is marked and under the cursor."""
    snap(DialogHost(ModelPicker(desk, Choice("tiny"))), "dialog-models")


def test_without_models_it_says_what_to_do(snap: Snapshots, empty: Desk) -> None:
    """The one choice there is, and how a model is added, on the smallest screen in the light theme."""
    snap(DialogHost(ModelPicker(empty), light=True), "dialog-models-none", size=(60, 15))


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (("enter",), "tiny"),
        (("down", "enter"), "ollama:coder"),
        (("end", "pagedown", "enter"), "none"),
        ((*"coder", "enter"), "ollama:coder"),
        ((*"ollama:qwen", "enter"), "ollama:qwen"),
        (("escape",), None),
    ],
)
def test_a_model_is_chosen(desk: Desk, keys: tuple[str, ...], name: str | None) -> None:
    """By the arrows, by its letters, or as typed where no model has that name."""
    assert ended(ModelPicker(desk, Choice("tiny")), *keys) == [name]


def test_a_row_is_chosen_by_the_mouse(desk: Desk) -> None:
    """A click takes the row."""
    host = DialogHost(ModelPicker(desk, Choice("tiny")))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.click("OfferRows", offset=(6, 1))
        await settle(pilot)

    drive(host, body)
    assert host.ended == ["ollama:coder"]


def test_adapter_picker(snap: Snapshots, desk: Desk) -> None:
    """The adapters with the models they fit."""
    snap(DialogHost(AdapterPicker(desk)), "dialog-adapters")


@pytest.mark.parametrize(
    ("keys", "name"),
    [((*"sty", "enter"), "style"), ((*"style@0.5", "enter"), "style@0.5"), ((*"none@2", "enter"), "none")],
)
def test_an_adapter_is_chosen(desk: Desk, keys: tuple[str, ...], name: str) -> None:
    """With the scale that was typed behind it."""
    assert ended(AdapterPicker(desk), *keys) == [name]


def test_without_adapters_it_says_what_to_do(empty: Desk) -> None:
    """And a name that fits nothing chooses nothing."""
    host = DialogHost(AdapterPicker(empty))

    async def body(pilot: Pilot[None]) -> None:
        await shows(pilot, "localdev models adapters add FILE")
        await pilot.press(*"zzz", "enter")
        await shows(pilot, "No adapter here is called that")

    drive(host, body, size=(110, 24))
    assert host.ended == []


def test_file_picker(snap: Snapshots, empty: Desk) -> None:
    """The indexed files, whatever their names."""
    snap(DialogHost(FilePicker(files(empty, PATHS))), "dialog-files", press=("down",))


@pytest.mark.parametrize(
    ("query", "keys", "path"),
    [
        ("", (*"pric", "enter"), "shop/pricing.py"),
        ("shop/*.py", ("down", "enter"), "shop/pricing.py"),
        ("s*.py", ("enter",), "shop/cart.py"),
        ("", (*"*.md", "enter"), "README.md"),
        ("", (*"*.rs", "enter", "escape"), None),
    ],
)
def test_a_file_is_chosen(empty: Desk, query: str, keys: tuple[str, ...], path: str | None) -> None:
    """By letters or by a glob, given before or typed."""
    assert ended(FilePicker(files(empty, PATHS), query), *keys) == [path]


def test_typing_goes_on_while_the_index_is_read(empty: Desk) -> None:
    """The list says that it is being read; what is typed meanwhile narrows it as soon as it is there."""
    gate = Gate()
    host = DialogHost(FilePicker(files(empty, PATHS, gate)))

    async def body(pilot: Pilot[None]) -> None:
        await shows(pilot, "reading")
        await pilot.press(*"store", "enter")
        assert pilot.app.screen.query_one(Input).value == "store"
        gate.open()
        await shows(pilot, "shop/store.py")
        await pilot.press("enter")
        await settle(pilot)

    drive(host, body)
    assert host.ended == ["shop/store.py"]


def test_fifty_thousand_files(empty: Desk) -> None:
    """Many files are narrowed as one types, and the list can be gone through."""
    host = DialogHost(FilePicker(files(empty, tuple(f"src/part{n % 97}/module_{n}.py" for n in range(50_000)))))

    async def body(pilot: Pilot[None]) -> None:
        await shows(pilot, "of 50,000")
        await pilot.press(*"module_49999")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)

    drive(host, body)
    assert host.ended == ["src/part44/module_49999.py"]


def test_what_cannot_be_read_is_said(empty: Desk) -> None:
    """In the list's place, with what to do."""
    broken = files(empty, (), StorageError("the index cannot be read", "`localdev index --rebuild` makes it anew"))

    async def body(pilot: Pilot[None]) -> None:
        await shows(pilot, "the index cannot be read")
        assert "hint: `localdev index --rebuild`" in screen_text(pilot.app)
        await pilot.press("enter")
        assert not pilot.app.ended  # type: ignore[attr-defined]

    drive(DialogHost(FilePicker(broken)), body)


PROMPT = PromptShown(
    (
        Message("system", "Answer from the passages.\x1b[2J\u202e Cite them as [n]."),
        Message("user", "[1] shop/cart.py:1-3\n" + "\n".join(f"line {n} of the passage " * 6 for n in range(60))),
    ),
    1234,
)


def test_prompt(snap: Snapshots) -> None:
    """Roles, text folded to the width, tokens; nothing in it drives the terminal."""
    snap(DialogHost(PromptScreen(lambda: ScriptedRun([PROMPT]))), "dialog-prompt")


def test_prompt_small_and_light(snap: Snapshots) -> None:
    """The end of it on the smallest screen, light."""
    host = DialogHost(PromptScreen(lambda: ScriptedRun([PROMPT])), light=True)
    snap(host, "dialog-prompt-small", size=(60, 15), press=("end",))


def test_prompt_is_folded_anew() -> None:
    """When the terminal gets wider, and it is copied as it is."""
    host = DialogHost(PromptScreen(lambda: ScriptedRun([PROMPT])))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        assert "line 0 of the passage line 0 of the passage line 0 of" not in screen_text(pilot.app)
        await pilot.resize_terminal(120, 24)
        await settle(pilot)
        assert "line 0 of the passage line 0 of the passage line 0 of" in screen_text(pilot.app)
        await pilot.press("c")
        await settle(pilot)
        assert pilot.app.clipboard.startswith("== system ==\nAnswer from the passages.\x1b[2J")
        await pilot.press("q")

    drive(host, body, size=(60, 15))
    assert host.ended == [None]


def test_without_a_model_there_is_no_prompt() -> None:
    """A job that ends without one, and one that fails: both are said."""
    said = {
        "Without a model nothing is sent": (),
        "hint: free some space": (StorageError("the disk is full", "free some space"),),
    }
    for text, script in said.items():

        async def body(pilot: Pilot[None], text: str = text) -> None:
            await shows(pilot, text)
            await pilot.press("c")

        drive(DialogHost(PromptScreen(lambda script=script: ScriptedRun(script))), body)  # type: ignore[misc]


def test_closing_ends_the_job() -> None:
    """Nobody waits for it any more."""
    run = ScriptedRun([Gate(), PROMPT])

    async def body(pilot: Pilot[None]) -> None:
        await shows(pilot, "putting the prompt together")
        await pilot.press("escape")
        await settle(pilot)

    drive(DialogHost(PromptScreen(lambda: run)), body)
    assert run.cancelled.is_set()


class Palette(App[None]):
    """An app with a few actions and the palette."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("palette", "palette", priority=True),
        bind("review", "note('review')"),
        bind("retry", "note('retry')"),
        bind("send", "note('send')"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.noted: list[str] = []
        self.set_keymap(read_keys(["review=ctrl+g"]))

    def compose(self) -> ComposeResult:
        """Show somewhere to type."""
        yield TextArea()

    async def action_palette(self) -> None:
        """Open the palette."""
        await open_palette(self)

    def action_note(self, what: str) -> None:
        """Keep what was done."""
        self.noted.append(what)


def test_palette(snap: Snapshots) -> None:
    """The actions that can be done now, in the table's order, with the keys they have now."""
    snap(Palette(), "dialog-palette", press=("ctrl+p",))


def test_palette_runs_what_is_chosen() -> None:
    """Its words find an action; Enter does it."""
    app = Palette()

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p")
        await shows(pilot, "Review the changes")
        await pilot.press(*"again")
        await shows(pilot, "Ask again")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)

    drive(app, body)
    assert app.noted == ["retry"]
