"""The screen of a review: findings by file with their code, why each matters, and what was not reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from localdev.core.neutral import neutral, one_line
from localdev.core.review import SEVERITIES, Severity
from localdev.core.sizes import counted
from localdev.source.languages import language_of
from localdev.tui.background import in_thread
from localdev.tui.keyline import KeyLine
from localdev.tui.keys import bind_close
from localdev.tui.patch.lines import shown
from localdev.tui.review.items import Item, fix_command, items_of, levels, place_of, summary_of, tally, worst_of
from localdev.tui.rows import Rows
from localdev.tui.sources.editor import open_editor
from localdev.tui.transcript.code import highlighted

# With this width the list stands left of the finding, otherwise above it.
_BESIDE = 100
_LONGEST_LINE = 200
_LOOKS = {
    "keyword": "$secondary",
    "builtin": "$secondary",
    "string": "$success",
    "number": "$accent",
    "type": "$accent",
    "comment": "$text-muted italic",
    "function": "$primary",
}
_INK = {"high": "$error bold", "medium": "$warning", "low": "$foreground", "info": "$text-muted"}

Rules = Mapping[str, tuple[str, str]]


class ReviewDesk(Protocol):
    """Knows the user's editor."""

    def editor(self, path: str, line: int) -> list[str]:
        """Give the command that opens a file at a line.

        Raises:
            LocaldevError: there is no such file, or no editor.
        """
        ...


class FindingsList(Rows[Item]):
    """The findings, by file."""

    HELP: ClassVar[str] = """\
**Findings of a review**, by file; the one under the cursor is shown with its code.

- `Up` `Down` go through the list, `n` `p` to the next and previous finding
- `f` show all, or only those from the next severity on that there is
- `o` open the place in your editor
- `x` write the command that asks for a fix, to be looked at and sent
- `Enter` go to the text, to scroll it; `Tab` comes back, `Esc` closes
"""

    def draw(self, item: Item, line: int, width: int) -> Text:
        """Give a row."""
        if item.kind == "file":
            return Text(f"{shown(item.path)}  {counted(len(item.entries), 'finding')}", style="bold")
        if item.kind == "left":
            return Text(f"not reviewed: {counted(len(item.entries), 'place')}", style="bold")
        assert item.entry is not None
        if item.kind == "not-reviewed":
            return Text(f"  {shown(item.path)}  {one_line(str(item.entry['reason']))}")
        number = str(item.entry["line"] or "-")
        return Text(f"  {number:>5}  {item.entry['severity']:<6}  {one_line(str(item.entry['message']))}")


class FindingsScreen(Screen[str]):
    """Shows the payload of `localdev review`; ends with a command for the composer, empty for none."""

    HELP: ClassVar[str] = FindingsList.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "finding(1)", "Next"),
        Binding("p", "finding(-1)", "Previous"),
        Binding("f", "filter", "Severity"),
        Binding("x", "fix", "Fix"),
        Binding("o", "edit", "Editor"),
        Binding("q", "close", "Back"),
        bind_close(),
    ]
    DEFAULT_CSS = """
    FindingsScreen {
        background: $background;
        & > #title { height: auto; max-height: 3; padding: 0 1; background: $panel; color: $foreground; }
        & > #both { height: 1fr; layout: vertical; }
        & FindingsList { height: 2fr; }
        & #about { height: 3fr; padding: 0 1; background: $background; border-top: solid $border-blurred; }
        & #about:focus { border-top: solid $border; }
        & #text { height: auto; }
        & > #both.-beside { layout: horizontal; }
        & .-beside FindingsList { width: 2fr; height: 1fr; }
        & .-beside #about {
            width: 3fr; height: 1fr; border-top: none; border-left: solid $border-blurred;
        }
        & .-beside #about:focus { border-left: solid $border; }
    }
    """

    def __init__(self, payload: Mapping[str, Any], desk: ReviewDesk) -> None:
        """Take what `localdev review --json` prints."""
        super().__init__()
        self._payload = payload
        self._desk = desk
        self._level: Severity = SEVERITIES[0]
        self._rules: Rules = {}

    def compose(self) -> ComposeResult:
        """Give the summary, the list, the finding and the keys."""
        yield Static(id="title")
        with Container(id="both"):
            yield FindingsList(id="list")
            with VerticalScroll(id="about", can_focus=True):
                yield Static(id="text")
        yield KeyLine()

    @property
    def list(self) -> FindingsList:
        """The list."""
        return self.query_one(FindingsList)

    def on_mount(self) -> None:
        """Fill the list and read what the rules say."""
        self.list.focus()
        self.call_after_refresh(self._fill)  # the list must know its height to keep the first file's name in sight
        if self._payload.get("findings"):
            in_thread(self, _explanations, self._explained)

    def on_resize(self) -> None:
        """Put list and text side by side where there is room."""
        self.query_one("#both").set_class(self.size.width >= _BESIDE, "-beside")

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        self._show()

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        self.query_one("#about").focus()

    def action_finding(self, by: int) -> None:
        """Go to the next finding, or the one before."""
        items, at = self.list.items, self.list.cursor + by
        while 0 <= at < len(items) and items[at].kind != "finding":
            at += by
        if 0 <= at < len(items):
            self.list.cursor = at

    def action_copy_text(self) -> None:
        """Copy what the mouse has selected."""
        from localdev.tui.clipboard import copy_selected

        copy_selected(self)

    def action_filter(self) -> None:
        """Show only what is more severe, by a severity that some findings have; after the highest, all."""
        there = levels(self._payload)
        if len(there) == 1:
            self.notify("all findings are of one severity", markup=False)
            return
        self._level = there[(there.index(self._level) + 1) % len(there)]
        self._fill()

    def action_edit(self) -> None:
        """Open the place in the editor."""
        item = self.list.current
        if item is not None and item.path:
            line = int((item.entry or item.entries[0]).get("line") or 1)
            open_editor(self.app, self._desk, item.path, line)

    def action_fix(self) -> None:
        """End with the command that asks for a fix."""
        item = self.list.current
        if item is None or item.kind != "finding" or item.entry is None:
            self.notify("go to a finding first", markup=False)
        elif not item.entry["line"]:
            self.notify("this is about the file as a whole: no model mends it", markup=False)
        else:
            self.dismiss(fix_command(item.entry))

    def action_close(self) -> None:
        """End without a command."""
        self.dismiss("")

    def _fill(self) -> None:
        """Show the findings of the chosen severity."""
        current = self.list.current
        items = items_of(self._payload, self._level)
        kept = next((at for at, item in enumerate(items) if item == current), worst_of(items))
        self.list.show(items, say="nothing was found" if not self._payload.get("findings") else "nothing as severe")
        self.list.cursor = kept
        change = one_line(str(self._payload.get("change") or ""))
        words = Content(one_line(summary_of(self._payload, self._level)))
        self.query_one("#title", Static).update(Content.assemble(("review ", "bold"), (f"{change}  ", "bold"), words))
        self._show()

    def _show(self) -> None:
        """Show what the cursor stands on."""
        item = self.list.current
        self.query_one("#text", Static).update(_told(item, self._rules) if item is not None else Content(""))
        self.query_one("#about").scroll_home(animate=False)

    def _explained(self, rules: Rules) -> None:
        self._rules = rules
        self._show()


def _explanations() -> Rules:
    """Give every rule's title and explanation."""
    from localdev.rules.registry import RULES

    return {rule.id: (rule.title, rule.explanation) for rule in RULES}


def _told(item: Item, rules: Rules) -> Content:
    """Say all that is known of a row."""
    if item.kind == "file":
        return Content.assemble((shown(item.path), "bold"), f"\n\n{tally(item.entries)}")
    if item.kind == "left":
        return Content(f"{counted(len(item.entries), 'place')} of this change were not looked at; each row says why.")
    entry = item.entry
    assert entry is not None
    if item.kind == "not-reviewed":
        by = "the model" if entry.get("by") == "model" else "the rules"
        return Content.assemble(
            (f"{shown(item.path)}, {place_of(entry)}", "bold"),
            f"\n\nnot looked at by {by}: {neutral(str(entry['reason']))}",
        )
    parts: list[Content | str | tuple[str, str]] = [
        (str(entry["severity"]), _INK[entry["severity"]]),
        (f"  {shown(item.path)}, {place_of(entry)}\n", "bold"),
        f"{neutral(str(entry['message']))}\n\n",
        _code(entry),
    ]
    if entry.get("suggestion"):
        parts += [("do: ", "bold"), f"{neutral(str(entry['suggestion']))}\n\n"]
    return Content.assemble(*parts, _why(entry, rules))


def _code(entry: Mapping[str, Any]) -> Content:
    """Give the lines of a finding, its own marked by `>`."""
    rows = entry.get("lines") or ()
    texts = [_short(shown(str(row["text"]))) for row in rows]
    coloured = list(highlighted(texts, language_of(str(entry["path"]))))
    parts: list[str | tuple[str, str]] = []
    for row, spans in zip(rows, coloured, strict=False):
        inside = int(entry["line"]) <= int(row["line"]) <= int(entry["end_line"])
        parts.append((f"{'>' if inside else ' '} {row['line']:>5} | ", "$foreground bold" if inside else "$text-muted"))
        for span in spans:
            look = next((_LOOKS[name] for name in span.look if name in _LOOKS), "")
            parts.append((span.text, look))
        parts.append("\n")
    return Content.assemble(*parts, "\n") if parts else Content("")


def _short(text: str) -> str:
    """Cut a long line: the editor shows all of it."""
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]} ..."


def _why(entry: Mapping[str, Any], rules: Rules) -> Content:
    """Say who found it, and why it matters."""
    rule, source = one_line(str(entry["rule"])), str(entry.get("source") or "rules")
    if source == "model":
        return Content("said by the model; the line it quotes stands there as quoted")
    if source != "rules":
        return Content(f"found by {one_line(source)}, rule {rule}")
    title, explanation = rules.get(str(entry["rule"]), ("", ""))
    return Content.assemble(("rule ", ""), (rule, "bold"), f": {title}\n{explanation}" if title else "")
