"""The themes can be read: contrast is computed from the variables that Textual makes of them."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import Label

from localdev.tui.themes import DARK, LIGHT, THEMES

ENOUGH = 4.5  # WCAG 2.1, success criterion 1.4.3
GROUNDS = ("background", "surface", "panel")
INKS = (
    *("text", "text-muted", "text-disabled", "foreground", "foreground-muted", "foreground-disabled"),
    *("primary", "secondary", "accent", "warning", "error", "success", "link-color"),
    *("text-primary", "text-secondary", "text-accent", "text-warning", "text-error", "text-success"),
    *("footer-key-foreground", "footer-description-foreground", "markdown-h1-color", "markdown-h2-color"),
)
PAIRS = (
    ("block-cursor-foreground", "block-cursor-background"),
    ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ("input-cursor-foreground", "input-cursor-background"),
    ("input-selection-foreground", "input-selection-background"),
    ("screen-selection-foreground", "screen-selection-background"),
    *(("button-color-foreground", ground) for ground in ("primary", "success", "warning", "error")),
    *((f"text-{name}", f"{name}-muted") for name in ("primary", "secondary", "accent", "warning", "error", "success")),
    ("text", "boost"),
)


class Host(App[None]):
    """An app with some text."""

    def compose(self) -> ComposeResult:
        """Show a line."""
        yield Label("text")


def contrast(ink: str, ground: str, under: str) -> float:
    """Give WCAG's contrast of two CSS colours; what lets light through is laid over `under` first."""
    lower = Color.parse(under) + Color.parse(ground)
    return _ratio(_luminance(lower + Color.parse(ink)), _luminance(lower))


def _ratio(one: float, other: float) -> float:
    """Give the ratio of two luminances, the lighter one above."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _luminance(color: Color) -> float:
    """Give the relative luminance as WCAG 2.1 defines it."""
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("kind", sorted(THEMES))
def test_text_stands_out_from_every_ground(kind: str) -> None:
    """Each colour text is written in reaches 4.5:1 on the screen's, the widgets' and the bars' ground."""
    theme = THEMES[kind]
    colors = theme.to_color_system().generate()
    poor = {
        (ink, ground): round(contrast(colors[ink], colors[ground], colors["background"]), 2)
        for ink in INKS
        for ground in GROUNDS
        if contrast(colors[ink], colors[ground], colors["background"]) < ENOUGH
    }
    assert poor == {}


@pytest.mark.parametrize("kind", sorted(THEMES))
def test_cursor_selection_and_buttons_can_be_read(kind: str) -> None:
    """Text on the cursor, on a selection, on a coloured button or on a muted ground reaches 4.5:1."""
    colors = THEMES[kind].to_color_system().generate()
    poor = {
        (ink, ground): round(contrast(colors[ink], colors[ground], colors["background"]), 2)
        for ink, ground in PAIRS
        if contrast(colors[ink], colors[ground], colors["background"]) < ENOUGH
    }
    assert poor == {}


@pytest.mark.parametrize("kind", sorted(THEMES))
def test_focus_is_seen(kind: str) -> None:
    """The border of what has the focus stands out from the ground (3:1, WCAG 1.4.11)."""
    colors = THEMES[kind].to_color_system().generate()
    for ground in GROUNDS:
        assert contrast(colors["border"], colors[ground], colors["background"]) >= 3


def test_black_on_white_is_21() -> None:
    """The yardstick itself: the greatest contrast there is, and a known grey (#767676 on white, 4.54)."""
    assert round(contrast("#000000", "#ffffff", "#ffffff"), 2) == 21
    assert round(contrast("#767676", "#ffffff", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize("kind", sorted(THEMES))
def test_an_app_takes_the_themes(kind: str) -> None:
    """Textual accepts the themes by name and paints the screen with their ground."""

    async def body() -> Color:
        app = Host()
        for theme in THEMES.values():
            app.register_theme(theme)
        async with app.run_test() as pilot:
            app.theme = THEMES[kind].name
            await pilot.pause()
            return app.screen.styles.background

    assert asyncio.run(body()) == Color.parse(str(THEMES[kind].background))


def test_their_names() -> None:
    """Settings say dark and light; Textual's names say whose themes they are."""
    assert (DARK.name, LIGHT.name) == ("localdev-dark", "localdev-light")
    assert DARK.dark and not LIGHT.dark
