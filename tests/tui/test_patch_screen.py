"""The screen of a patch: decided hunk by hunk, applied, taken back; nothing is written that was not accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.color import Color
from textual.pilot import Pilot

from localdev.core.patch import FileEdit
from localdev.tui.patch.screen import PatchScreen
from localdev.tui.patch.view import LOOKS, PatchView
from tests.tui.drive import Snapshots, drive, settle, shows
from tests.tui.patching import CHECKS, EDITS, NEW_SHOP, SHOP, Stage, desk_on, payload_of, project
from tests.tui.picture import screen_text
from tests.tui.test_themes import contrast


def stage(root: Path, payload: dict[str, Any] | None = None, *, light: bool = False) -> Stage:
    """Show a patch for a project."""
    return Stage(PatchScreen(payload or payload_of(), desk_on(root)), light=light)


def text_of(root: Path, path: str) -> str | None:
    """Give a file exactly; None where there is none."""
    return (root / path).read_bytes().decode() if (root / path).exists() else None


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (160, 48)])
def test_a_patch_looks_like_this(tmp_path: Path, snap: Snapshots, size: tuple[int, int]) -> None:
    """Unified where it is narrow, side by side where there is room; some hunks are decided."""
    snap(stage(project(tmp_path)), f"patch-{size[0]}x{size[1]}", size=size, press=["a", "r", "p"])


def test_the_light_theme(tmp_path: Path, snap: Snapshots) -> None:
    """The same in light colours, side by side by choice."""
    snap(stage(project(tmp_path), light=True), "patch-light", press=["v", "A"])


def test_a_refused_proposal_says_which_check_failed(tmp_path: Path, snap: Snapshots) -> None:
    """There is no patch, and nothing can be applied."""
    payload = {**payload_of(()), "checks": [CHECKS[0], {"name": "same code", "ok": False, "detail": "line 3 differs"}]}
    snap(stage(tmp_path, payload), "patch-refused", press=["a", "enter"])


def test_only_accepted_hunks_are_written(tmp_path: Path) -> None:
    """The first hunk is accepted, the second rejected, a new file accepted, the removal left open."""
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("a", "r", "a", "enter")
        await shows(pilot, "applied: shop/pricing.py, shop/new.py")
        await pilot.press("escape")
        await settle(pilot)

    app = stage(root)
    drive(app, body)
    text = text_of(root, "shop/pricing.py") or ""
    assert "round(amount * 1, 2)" in text
    assert "rate: float" in text
    assert "Args:" not in text
    assert text_of(root, "shop/new.py") == EDITS[1].new
    assert text_of(root, "old.txt") == "gone\n"
    assert app.results == [("shop/new.py", "shop/pricing.py")]


def test_a_hunk_is_split_and_half_of_it_applied(tmp_path: Path) -> None:
    """The two changes of the first hunk are decided on one by one."""
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("s")
        await shows(pilot, "cut into 2 hunks")
        await pilot.press("r", "a", "enter")
        await shows(pilot, "applied: shop/pricing.py")

    drive(stage(root), body)
    assert text_of(root, "shop/pricing.py") == SHOP.replace(
        "price_2(amount: float)", "price_2(amount: float, rate: float)"
    )


def test_apply_undo_apply_in_steps(tmp_path: Path) -> None:
    """Two goes, both taken back one after the other, then all at once: the files are as they should be each time."""
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("a", "enter")
        await shows(pilot, "1 applied")
        await pilot.press("A", "enter")
        await shows(pilot, "4 applied")
        assert [text_of(root, edit.path) for edit in EDITS] == [edit.new for edit in EDITS]
        await pilot.press("u")
        await shows(pilot, "1 applied")
        assert text_of(root, "old.txt") == "gone\n"
        await pilot.press("u")
        await shows(pilot, "4 accepted")
        assert [text_of(root, edit.path) for edit in EDITS] == [edit.old for edit in EDITS]
        await pilot.press("u")
        await shows(pilot, "nothing was applied here")
        await pilot.press("enter")
        await shows(pilot, "4 applied")

    drive(stage(root), body)
    assert [text_of(root, edit.path) for edit in EDITS] == [edit.new for edit in EDITS]


def test_a_file_that_changes_before_it_is_applied_is_left_alone(tmp_path: Path) -> None:
    """Nothing of the patch is written, the other files neither, and the screen says why."""
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        (root / "shop/pricing.py").write_text(SHOP + "# mine\n")
        await pilot.press("A", "enter")
        await shows(pilot, "shop/pricing.py has changed meanwhile: nothing was written")

    drive(stage(root), body)
    assert text_of(root, "shop/pricing.py") == SHOP + "# mine\n"
    assert text_of(root, "shop/new.py") is None


def test_a_file_that_had_changed_before_is_said_at_once(tmp_path: Path, snap: Snapshots) -> None:
    """Its hunks can be read; those of other files can still be applied."""
    root = project(tmp_path)
    (root / "shop/pricing.py").write_text("something else\n")
    snap(stage(root), "patch-moved", press=["a", "A"])


def test_a_patch_that_is_there_already_is_said(tmp_path: Path) -> None:
    """Opened again after it was applied, in part or whole."""
    root = project(tmp_path, [FileEdit(edit.path, edit.new, None) for edit in EDITS])

    async def body(pilot: Pilot[Any]) -> None:
        await shows(pilot, "all of this is applied")
        await pilot.press("r")
        await shows(pilot, "this is applied")

    drive(stage(root), body)
    assert text_of(root, "shop/pricing.py") == NEW_SHOP


def test_leaving_with_accepted_hunks_asks(tmp_path: Path) -> None:
    """Nothing was written, so nothing is reported as written."""
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("a", "escape")
        await shows(pilot, "1 accepted hunk not applied")
        await pilot.press("n", "escape", "y")
        await settle(pilot)

    app = stage(root)
    drive(app, body)
    assert app.results == [()]


def test_the_mouse_chooses_and_decides(tmp_path: Path) -> None:
    """A click on a line makes its hunk the current one, one on a box turns it over."""
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        rows = screen_text(pilot.app).split("\n")
        at = next(y for y, row in enumerate(rows) if "hunk 2 of 2" in row)
        await pilot.click(offset=(30, at))
        await shows(pilot, "> [ ] hunk 2 of 2")
        rows = screen_text(pilot.app).split("\n")
        at = next(y for y, row in enumerate(rows) if "hunk 2 of 2" in row)
        await pilot.click(offset=(3, at))
        await shows(pilot, "> [x] hunk 2 of 2: accepted")

    drive(stage(root), body, size=(80, 40))


def test_scrolling_makes_a_hunk_in_sight_the_current_one(tmp_path: Path) -> None:
    """What a key decides on is always seen."""
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("end", "space")
        await shows(pilot, "> [x] the file: accepted")
        await pilot.press("home", "space")
        await shows(pilot, "> [x] hunk 1 of 2: accepted")

    drive(stage(root), body, size=(60, 15))


HARD = (
    FileEdit(
        "hard.py",
        "a = 1\r\nb = '\t漢字'\r\nc = 3\r\n",
        "a = 1\r\nb = '\t漢字漢字'\nc = 'caf\udce9 \x1b[2J \u202e'\r\nd = '" + "x" * 5000 + "'",
    ),
)


@pytest.mark.parametrize("view", ["below", "beside"])
def test_odd_text_is_harmless(tmp_path: Path, snap: Snapshots, view: str) -> None:
    """Escapes, marks that turn text round, wide characters, tabs, line ends of both kinds, bytes, an endless line."""
    root = project(tmp_path, HARD)
    snap(stage(root, payload_of(HARD)), f"patch-odd-{view}", press=["v"] if view == "beside" else [])


def test_odd_text_is_written_exactly(tmp_path: Path) -> None:
    """What is shown otherwise is still written byte for byte."""
    root = project(tmp_path, HARD)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("A", "enter")
        await shows(pilot, "applied: hard.py")

    drive(stage(root, payload_of(HARD)), body)
    assert (root / "hard.py").read_bytes() == (HARD[0].new or "").encode("utf-8", "surrogateescape")


def test_a_long_patch_draws_only_what_is_seen(tmp_path: Path) -> None:
    """Two hundred files and one of 5,000 lines: each screen costs what it shows, and the last line can be reached."""
    long = FileEdit("z.py", None, "".join(f"x{n} = '''{n}'''\n" for n in range(5000)))
    many = [FileEdit(f"f{n:03}.py", "a\nb\nc\n", "a\nB\nc\n") for n in range(200)]
    root = project(tmp_path, many)
    drawn = 0

    async def body(pilot: Pilot[Any]) -> None:
        nonlocal drawn
        await settle(pilot)
        view = pilot.app.screen.query_one("PatchView")
        draw = view._code  # type: ignore[attr-defined]

        def counted(*given: Any) -> Any:
            nonlocal drawn
            drawn += 1
            return draw(*given)

        view._code = counted  # type: ignore[attr-defined]
        await pilot.press("pagedown", "n", "right_square_bracket")
        await pilot.pause()
        assert 0 < drawn < 10 * view.size.height
        await pilot.press("end")
        await shows(pilot, "x4999 = ")

    drive(stage(root, payload_of([*many, long])), body)


def test_no_colour_still_tells_added_from_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every state is in words and marks."""
    monkeypatch.setenv("NO_COLOR", "1")
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("a")
        text = screen_text(pilot.app)
        assert "-     return amount * 1" in text
        assert "+     return round(amount * 1, 2)" in text
        await shows(pilot, "[x] hunk 1 of 2: accepted")

    drive(stage(root), body, size=(80, 40))


@pytest.mark.parametrize("light", [False, True])
def test_code_can_be_read_on_every_ground(tmp_path: Path, light: bool) -> None:
    """Every colour of code has a contrast of 4.5:1 on the grounds of added, removed and other lines."""
    root = project(tmp_path)
    low: list[str] = []

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        view = pilot.app.screen.query_one(PatchView)
        for ground in ("added", "removed", "context"):
            under = view.get_component_rich_style(f"patch--{ground}")
            for name in (*LOOKS, "gutter", "word", "note", "plus", "minus", ground):
                style = under + view.get_component_rich_style(f"patch--{name}", partial=True)
                assert style.color is not None
                assert under.bgcolor is not None
                ink, paper = (Color.from_rich_color(each).hex for each in (style.color, under.bgcolor))
                ratio = contrast(ink, paper, paper)
                if ratio < 4.5:
                    low.append(f"{name} on {ground}: {ratio:.2f}")

    drive(stage(root, light=light), body)
    assert low == []


def test_selected_code_is_copied_without_numbers_and_marks(tmp_path: Path) -> None:
    """By mouse across lines, as everywhere in a terminal."""
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        rows = screen_text(pilot.app).split("\n")
        first = next(y for y, row in enumerate(rows) if "def price_1" in row)
        left = rows[first].index("def")
        await pilot.mouse_down(offset=(left, first))
        await pilot.hover(offset=(left + 12, first + 2))
        await pilot.mouse_up(offset=(left + 12, first + 2))
        await pilot.pause()
        chosen = pilot.app.screen.get_selected_text()
        assert chosen == 'def price_1(amount: float) -> float:\n    """Give price 1."""\n    return am'

    drive(stage(root), body, size=(80, 40))


def test_long_lines_are_moved_into_sight(tmp_path: Path) -> None:
    """Left and right; numbers and marks stay where they are."""
    edits = [FileEdit("a.txt", "x\n", "0123456789" * 20 + "\n")]
    root = project(tmp_path, edits)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await shows(pilot, "  1 + 0123456789")
        await pilot.press("right", "right")
        await shows(pilot, "  1 + 6789012345")
        await pilot.press("left", "left", "left")
        await shows(pilot, "  1 + 0123456789")

    drive(stage(root, payload_of(edits)), body, size=(60, 15))


def test_the_checks_are_told_in_full(tmp_path: Path) -> None:
    """What a check says besides that it went well."""
    root = project(tmp_path)

    async def body(pilot: Pilot[Any]) -> None:
        await shows(pilot, "same code: ok")
        await pilot.press("c")
        await shows(pilot, "same code: ok it is")

    drive(stage(root), body)


def test_a_patch_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A record of a session that was damaged: an error with its hint, and the screen closes as ever."""
    payload = {**payload_of(), "patch": "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n x\n"}

    async def body(pilot: Pilot[Any]) -> None:
        await shows(pilot, "error: the diff cannot be read")
        await pilot.press("a", "enter", "escape")
        await settle(pilot)

    app = stage(tmp_path, payload)
    drive(app, body)
    assert app.results == [()]


def test_undo_of_something_else_is_said(tmp_path: Path) -> None:
    """Another process applied a patch in between: that one is what undo takes back."""
    root = project(tmp_path)
    desk = desk_on(root)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("a", "enter")
        await shows(pilot, "1 applied")
        desk.apply([FileEdit("elsewhere.txt", None, "x\n")], "gen code elsewhere.txt")
        await pilot.press("u")
        await shows(pilot, "something else was applied last and is taken back: gen code elsewhere.txt")
        await pilot.press("u")
        await shows(pilot, "1 accepted")

    drive(Stage(PatchScreen(payload_of(), desk)), body, size=(120, 30))
    assert text_of(root, "shop/pricing.py") == SHOP
    assert text_of(root, "elsewhere.txt") is None


def test_any_file_can_be_gone_to(tmp_path: Path, snap: Snapshots) -> None:
    """A list of the files with what was decided; the chosen one comes into sight."""
    many = [FileEdit(f"src/f{n:03}.py", "a\nb\nc\n", "a\nB\nc\n") for n in range(200)]
    root = project(tmp_path, many)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("a", "r", "g")
        await snap.now(pilot, "patch-files")
        await pilot.press(*"f150", "enter")
        await shows(pilot, "> [ ] hunk 1 of 1: not decided  src/f150.py")

    drive(stage(root, payload_of(many)), body)


def test_the_editor_opens_at_the_first_changed_line(tmp_path: Path) -> None:
    """Of the hunk that is the current one, or of the file."""
    root = project(tmp_path)
    places: list[tuple[str, int]] = []

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        view = pilot.app.screen.query_one(PatchView)
        for _ in range(4):
            places.append(view.place)
            await pilot.press("n")

    drive(stage(root), body)
    assert places == [("shop/pricing.py", 8), ("shop/pricing.py", 47), ("shop/new.py", 1), ("old.txt", 1)]
