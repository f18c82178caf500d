"""The list of sources: order, marks, room, what it says when it is empty, and what its keys ask for."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from localdev.core.events import Citation
from localdev.tui.rows import Rows
from localdev.tui.sources.panel import SourcesPanel
from localdev.tui.sources.places import fit_path, place
from localdev.tui.themes import DARK
from tests.tui.drive import Snapshots, drive
from tests.tui.picture import screen_text

SOURCES = (
    Citation(4, "src/shop/basket.py", 10, 40, "Basket.add"),
    Citation(5, "src/shop/very/deep/folders/of/a/large/house/prices_of_everything.py", 7, 7, "price"),
    Citation(6, "README.md", 1, 12),
    Citation(7, "evil\x1b[31m\u202e\nname.py", 3, 9, "a\x1bb"),
)


class Host(App[None]):
    """A screen with nothing but the panel."""

    CSS = "SourcesPanel { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.asked: list[tuple[str, int]] = []

    @property
    def panel(self) -> SourcesPanel:
        """The panel."""
        return self.query_one(SourcesPanel)

    def compose(self) -> ComposeResult:
        """Show it."""
        yield SourcesPanel()

    def on_sources_panel_opened(self, event: SourcesPanel.Opened) -> None:
        """Keep what is to be shown."""
        self.asked.append(("show", event.citation.id))

    def on_sources_panel_editor_wanted(self, event: SourcesPanel.EditorWanted) -> None:
        """Keep what is to be edited."""
        self.asked.append(("edit", event.citation.id))


async def fill(pilot: Pilot[None]) -> None:
    """Show the sources of a turn that cites two of them."""
    pilot.app.query_one(SourcesPanel).show_turn(2, SOURCES, (6, 5))
    await pilot.pause()


def test_narrow_panel(snap: Snapshots) -> None:
    """Cited ones first and marked, symbol above place, paths cut at folders, nothing obeyed by the terminal."""
    snap(Host(), "sources-narrow", size=(32, 15), before=fill, press=("down",))


def test_wide_panel(snap: Snapshots) -> None:
    """With room, place and symbol stand on one line."""
    snap(Host(), "sources-wide", size=(80, 8), before=fill)


def test_empty_panel(snap: Snapshots) -> None:
    """Before the first question it says what it is for."""
    snap(Host(), "sources-empty", size=(32, 8))


def test_keys_ask_for_what_they_say() -> None:
    """Enter shows the source under the cursor, o opens it in the editor, a click shows the one clicked."""

    async def body(pilot: Pilot[None]) -> None:
        await fill(pilot)
        await pilot.press("enter", "down", "o", "end", "enter", "home", "o")
        await pilot.click(SourcesPanel, offset=(5, 5))
        await pilot.pause()
        assert pilot.app.asked == [("show", 5), ("edit", 6), ("show", 7), ("edit", 5), ("show", 4)]  # type: ignore[attr-defined]

    drive(Host(), body, size=(32, 15))


def test_keys_of_an_empty_panel_do_nothing() -> None:
    """There is nothing to show or to edit."""

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("enter", "o", "down", "end", "pageup")
        await pilot.click(SourcesPanel, offset=(5, 5))
        assert pilot.app.asked == []  # type: ignore[attr-defined]
        pilot.app.query_one(SourcesPanel).show_turn(3, ())
        await pilot.pause()
        assert "No passages came" in screen_text(pilot.app)

    drive(Host(), body, size=(60, 15))


def test_the_cursor_stays_while_an_answer_grows() -> None:
    """When citations come in, the order changes and the cursor stays on its source."""

    async def body(pilot: Pilot[None]) -> None:
        panel = pilot.app.query_one(SourcesPanel)
        panel.show_turn(2, SOURCES)
        await pilot.press("down")
        assert panel.current == SOURCES[1]
        panel.show_turn(2, SOURCES, (6,))
        assert panel.current == SOURCES[1] and panel.cursor == 2
        panel.show_turn(3, SOURCES, (6,))
        assert panel.current == SOURCES[2]
        assert panel.point_at(7) and panel.current == SOURCES[3]
        assert not panel.point_at(99)
        panel.clear()
        assert panel.current is None

    drive(Host(), body, size=(32, 15))


def test_a_hundred_thousand_rows_cost_what_is_in_view() -> None:
    """Only rows in view are drawn, also after going to the end."""
    drawn: list[int] = []

    class Counting(Rows[int]):
        def draw(self, item: int, line: int, width: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
            from rich.text import Text

            drawn.append(item)
            return Text(str(item))

    class Many(App[None]):
        def compose(self) -> ComposeResult:
            yield Counting()

    async def body(pilot: Pilot[None]) -> None:
        rows = pilot.app.query_one(Counting)
        rows.show(range(100_000))
        await pilot.press("end", "pageup", "up")
        await pilot.pause()
        assert rows.current == 100_000 - 1 - 24 - 1
        assert "99975" in screen_text(pilot.app)
        assert len(set(drawn)) < 200

    drive(Many(), body)


def test_places_fit() -> None:
    """A place keeps its lines and its file's name for as long as it can, and is never wider than asked."""
    deep = SOURCES[1]
    assert place(SOURCES[0]) == "src/shop/basket.py:10-40"
    assert place(SOURCES[0], 20) == "…/basket.py:10-40"
    assert place(deep, 30) == "…/prices_of_everything.py:7"
    assert place(deep, 20) == "…_of_everything.py:7"
    assert fit_path("漢字/漢字漢字.py", ":1", 10) == "…漢字.py:1"
    assert place(Citation(1, "x" * 1_000_000, 1, 2), 20) == "…" + "x" * 15 + ":1-2"
