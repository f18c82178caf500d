"""A list to choose from: typing narrows it, the arrows move in it, Enter takes what is under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from localdev.app.conversation.wording import in_chat
from localdev.core.errors import LocaldevError
from localdev.core.neutral import neutral, one_line
from localdev.tui.background import in_thread
from localdev.tui.composer.fuzzy import Names, prepare, rank
from localdev.tui.dialogs.base import Dialog
from localdev.tui.rows import QUIET, Rows

_MOST_SHOWN = 2000
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to choose: its name, what is known of it, whether it is in use now."""

    name: str
    detail: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """All there is to choose, made ready to be narrowed."""

    all: tuple[Offer, ...]
    names: Names

    @staticmethod
    def of(offers: Sequence[Offer]) -> Offers:
        """Make them ready; with many this takes long enough for a thread."""
        return Offers(tuple(offers), prepare([each.name for each in offers]))

    def fitting(self, query: str) -> list[Offer]:
        """Give those that fit what was typed, best first."""
        return [self.all[at] for _, at in rank(query, self.names, _MOST_SHOWN)]


class OfferRows(Rows[Offer]):
    """The list of a picker; `*` marks what is in use."""

    HELP: ClassVar[str] = """\
## A list to choose from

`*` marks what is in use now. Type in the field above to narrow the list.

- **Up**, **Down**, **Page Up**, **Page Down**: move
- **Enter** or a click: choose
- **Escape**: close without a change
"""

    def draw(self, item: Offer, line: int, width: int) -> Text:
        """Draw `* name   detail`; the name has the right of way."""
        name = one_line(item.name[:_LONGEST])
        text = Text("* " if item.chosen else "  ").append(name, style="bold" if item.chosen else "")
        room = width - cell_len(text.plain) - 2
        return text.append("  " + one_line(item.detail[:_LONGEST]), style=QUIET) if item.detail and room > 4 else text


class Picker(Dialog[str]):
    """Chooses one of what `load` gives; ends with its name."""

    HELP: ClassVar[str] = OfferRows.HELP
    hint = "type to narrow · Enter chooses · Esc closes"
    placeholder: ClassVar[str] = "type to narrow the list"
    empty: ClassVar[str] = "There is nothing to choose."
    no_match: ClassVar[str] = "Nothing fits what was typed."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "rows('move', -1)", "Up", show=False),
        Binding("down", "rows('move', 1)", "Down", show=False),
        Binding("pageup", "rows('page', -1)", "Page up", show=False),
        Binding("pagedown", "rows('page', 1)", "Page down", show=False),
    ]
    DEFAULT_CSS = """
    Picker {
        & OfferRows { height: 1fr; }
    }
    """

    def __init__(self, query: str = "") -> None:
        super().__init__()
        self._query = query
        self._offers: Offers | None = None

    def load(self) -> Sequence[Offer]:
        """Read what there is; called in a thread."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        """Show the field and the list."""
        yield Input(one_line(self._query), compact=True, placeholder=self.placeholder)
        yield OfferRows(say="reading …")

    def on_mount(self) -> None:
        """Find what there is."""
        self.begin()

    def begin(self) -> None:
        """Read what there is in the background; typing may begin before."""
        in_thread(self, self._load, self._loaded)

    def on_screen_resume(self) -> None:
        """Take keys at once: `focus()` would come after keys that were typed ahead."""
        self.set_focus(self.query_one(Input))

    def _load(self) -> Offers | LocaldevError:
        try:
            return Offers.of(self.load())
        except LocaldevError as error:
            return error

    def _loaded(self, got: Offers | LocaldevError) -> None:
        """Show the list, or why there is none."""
        if isinstance(got, LocaldevError):
            self.query_one(OfferRows).show((), say=neutral(in_chat(f"{got}\n\nhint: {got.hint}")))
            return
        self._offers = got
        self.narrow()

    def fitting(self, offers: Offers, typed: str) -> Sequence[Offer]:
        """Give what fits what was typed."""
        return offers.fitting(typed)

    def narrow(self) -> None:
        """Show what fits; without a word, the cursor stands on what is in use."""
        if self._offers is None:
            return
        typed = self.query_one(Input).value.strip()
        found = self.fitting(self._offers, typed)
        used = next((at for at, each in enumerate(found) if each.chosen and not typed), 0)
        self.query_one(OfferRows).show(found, say=self.no_match if self._offers.all else self.empty, cursor=used)
        count = f"{len(found):,} of {len(self._offers.all):,}"
        self.query_one("#frame").border_subtitle = Content(count) if self._offers.all else None

    def chosen(self, offer: Offer | None, typed: str) -> None:
        """End with what was chosen; a subclass may take what was typed where no row fits."""
        if offer is not None:
            self.dismiss(offer.name)

    def action_rows(self, what: str, by: int) -> None:
        """Move in the list while the field keeps the focus."""
        rows = self.query_one(OfferRows)
        rows.action_move(by) if what == "move" else rows.action_page(by)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.narrow()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._offers is not None:
            self.chosen(self.query_one(OfferRows).current, event.value.strip())

    @on(Rows.Chosen)
    def _row_chosen(self, event: Rows.Chosen) -> None:
        event.stop()
        self.chosen(event.item, self.query_one(Input).value.strip())
