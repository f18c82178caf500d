"""The screen of a review: findings by file with their code, filtered, opened, handed on to be fixed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from localdev.app.conversation.job_words import JobCommand, read_gen
from localdev.core.review import Finding, NotReviewed
from localdev.render.review_payload import Review, review_payload
from localdev.tui.review.findings import FindingsScreen
from localdev.tui.review.items import fix_command, items_of, summary_of, tally, worst_of
from tests.tui.drive import Snapshots, drive, settle, shows
from tests.tui.patching import Stage, desk_on
from tests.tui.picture import screen_text

TEXTS = {
    "shop/run.py": 'import os\n\n\ndef run(cmd: str) -> object:\n    print("debug", cmd)\n    return eval(cmd)\n',
    "shop/keys.py": "KEY = \"\x1b[31mred \u202etxt\"\n\tvalue = '漢字'\n" + "x" * 3000 + "\n",
    "logo.bin": "",
}
PRINT = Finding(
    "debug-print",
    "medium",
    "shop/run.py",
    5,
    5,
    'print("debug", cmd)',
    "`print` prints what looks like a note for debugging",
    "remove it, or log it",
)
EVAL = Finding(
    "code-execution",
    "high",
    "shop/run.py",
    6,
    6,
    "return eval(cmd)",
    "`eval` runs what it is given as code: whoever chooses the text chooses what is done",
    "read the data with a parser",
)
ODD = Finding("model", "low", "shop/keys.py", 1, 3, "KEY", "odd \x1b[2J text [bold]here[/bold]", source="model")
FILE = Finding("binary-file", "low", "logo.bin", 0, 0, "", "a binary file of 8 bytes is added")
LINT = replace(PRINT, rule="ruff/F401", severity="info", line=1, end_line=1, message="`os` is unused", source="ruff")


def payload(*findings: Finding, **more: Any) -> dict[str, Any]:
    """Give what `review --json` prints for findings."""
    left = more.pop(
        "not_reviewed", (NotReviewed("logo.bin", "binary"), NotReviewed("shop/run.py", "deadline", "model", 4, 9))
    )
    review = Review("uncommitted changes", 3, [(each, "f" * 16) for each in findings], left, model="tiny", **more)
    return review_payload(review, lambda path: TEXTS[path].split("\n"))


ALL = (EVAL, PRINT, ODD, FILE, LINT)


def stage(root: Path, *findings: Finding, light: bool = False, **more: Any) -> Stage:
    """Show a review."""
    return Stage(FindingsScreen(payload(*findings, **more), desk_on(root)), light=light)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (160, 48)])
def test_a_review_looks_like_this(tmp_path: Path, snap: Snapshots, size: tuple[int, int]) -> None:
    """By file, from the most severe finding on; list and text beside each other where there is room."""
    snap(stage(tmp_path, *ALL, suppressed=2), f"review-{size[0]}x{size[1]}", size=size)


def test_the_light_theme(tmp_path: Path, snap: Snapshots) -> None:
    """The same in light colours, with the text in focus."""
    snap(stage(tmp_path, *ALL, light=True), "review-light", press=["p", "enter"])


def test_odd_text_is_harmless(tmp_path: Path, snap: Snapshots) -> None:
    """Escapes, marks that turn text round, markup, tabs, wide characters, an endless line."""
    snap(stage(tmp_path, ODD), "review-odd")


def test_a_clean_review_says_so(tmp_path: Path, snap: Snapshots) -> None:
    """Nothing was found, all was looked at."""
    snap(stage(tmp_path, not_reviewed=()), "review-clean", press=["n", "x", "o"])


def test_the_filter_goes_through_the_severities(tmp_path: Path) -> None:
    """From all to the highest and back to all; the title says what is shown."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for words, seen in (
            ("shown: 4 of low severity or above", "a binary file"),
            ("shown: 2 of medium severity or above", "print"),
            ("shown: 1 of high severity", "eval"),
        ):
            await pilot.press("f")
            await shows(pilot, words)
            assert seen in screen_text(pilot.app)
        assert "debugging" not in screen_text(pilot.app)
        await pilot.press("f")
        await settle(pilot)
        assert "shown:" not in screen_text(pilot.app)
        assert "`os` is unused" in screen_text(pilot.app)

    drive(stage(tmp_path, *ALL), body, size=(140, 40))


def test_the_filter_only_knows_severities_that_are_there(tmp_path: Path) -> None:
    """Each press changes what is seen, and the cursor goes to the most severe finding that is left."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("home", "f")
        await shows(pilot, "shown: 1 of high severity")
        await shows(pilot, "high  shop/run.py, line 6")
        await pilot.press("f")
        await settle(pilot)
        assert "shown:" not in screen_text(pilot.app)

    drive(stage(tmp_path, FILE, ODD, EVAL), body, size=(140, 40))


def test_findings_of_one_severity_are_not_filtered(tmp_path: Path) -> None:
    """There is nothing to leave out, and that is said."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("f")
        await shows(pilot, "all findings are of one severity")
        assert "shown:" not in screen_text(pilot.app)

    drive(stage(tmp_path, FILE, ODD), body, size=(140, 40))


def test_the_most_severe_finding_comes_first() -> None:
    """Of two alike the upper one; where nothing was found, the first row."""
    items = items_of(payload(PRINT, ODD, EVAL, replace(EVAL, path="shop/keys.py", line=2)), "info")
    entry = items[worst_of(items)].entry
    assert entry is not None
    assert (entry["severity"], entry["path"]) == ("high", "shop/run.py")
    assert worst_of(items_of(payload(), "info")) == 0


def test_the_rule_is_explained(tmp_path: Path) -> None:
    """Why it matters, from the rule's own text; who else found something is named."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await shows(pilot, "rule code-execution: ")
        await pilot.press("p", "p")
        await shows(pilot, "found by ruff, rule ruff/F401")

    drive(stage(tmp_path, *ALL), body, size=(140, 40))


def test_a_finding_becomes_a_command(tmp_path: Path) -> None:
    """`x` ends the screen with the command that asks for a fix."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)

    app = stage(tmp_path, EVAL)
    drive(app, body)
    assert app.results == ["/gen fix --finding code-execution@shop/run.py:6"]


def test_a_finding_about_a_whole_file_is_not_handed_on(tmp_path: Path) -> None:
    """It names no line that could be mended; the screen stays and says so."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("x")
        await shows(pilot, "about the file as a whole")
        await pilot.press("escape")
        await settle(pilot)

    app = stage(tmp_path, FILE)
    drive(app, body)
    assert app.results == [""]


def test_the_command_is_one_that_chat_reads() -> None:
    """Paths with blanks and quotes come through."""
    import shlex

    entry = {"rule": "debug-print", "path": "a b/it's.py", "line": 3}
    words = shlex.split(fix_command(entry))
    assert words[0] == "/gen"
    read = read_gen(words[1:], "")
    assert isinstance(read, JobCommand)
    assert read.options["finding"] == "debug-print@a b/it's.py:3"


def test_the_mouse_chooses_a_finding(tmp_path: Path) -> None:
    """A click on a row shows it."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        rows = screen_text(pilot.app).split("\n")
        at = next(y for y, row in enumerate(rows) if "a binary file of 8 bytes" in row)
        await pilot.click(offset=(6, at))
        await shows(pilot, "logo.bin, the file")

    drive(stage(tmp_path, *ALL), body, size=(140, 40))


def test_rows_are_grouped_and_counted() -> None:
    """Files in the order of their first finding, lines ascending; what was not reviewed comes last."""
    found = payload(*ALL)
    items = items_of(found, "info")
    assert [(item.kind, item.path) for item in items] == [
        ("file", "shop/run.py"),
        *[("finding", "shop/run.py")] * 3,
        ("file", "shop/keys.py"),
        ("finding", "shop/keys.py"),
        ("file", "logo.bin"),
        ("finding", "logo.bin"),
        ("left", ""),
        ("not-reviewed", "logo.bin"),
        ("not-reviewed", "shop/run.py"),
    ]
    assert [item.entry["line"] for item in items[1:4] if item.entry] == [1, 5, 6]
    assert tally(found["findings"]) == "1 high, 1 medium, 2 low, 1 info"
    assert summary_of(found, "high").endswith("shown: 1 of high severity · model: tiny")


def test_thousands_of_findings_open_at_once(tmp_path: Path) -> None:
    """The list draws what is seen; the last one can be reached."""
    many = [replace(PRINT, line=5, message=f"finding {n}") for n in range(3000)]

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("end", "p")
        await shows(pilot, "finding 2999")

    drive(stage(tmp_path, *many), body)
