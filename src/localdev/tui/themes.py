"""The two themes of the chat: every colour that text is written in has a contrast of at least 4.5:1 on every ground."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

# Grounds text stands on: background (screen), surface (widgets), panel (bars, headers). 4.5:1 is what WCAG 2.1 asks for
# text (success criterion 1.4.3); tests compute it from what Textual makes of these values.
DARK: Final = Theme(
    name="localdev-dark",
    primary="#7aa8f0",
    secondary="#a89cf0",
    accent="#e8b05c",
    warning="#e5b567",
    error="#f28b82",
    success="#7fc98f",
    foreground="#e2e4e8",
    background="#14161a",
    surface="#1b1e24",
    panel="#262a32",
    dark=True,
    variables={
        # Fixed tones instead of Textual's share of transparency, so that their contrast is known.
        "text": "#e2e4e8",
        "text-muted": "#a3a9b5",
        "text-disabled": "#949aa6",
        "foreground-muted": "#a3a9b5",
        "foreground-disabled": "#949aa6",
        "block-cursor-background": "#7aa8f0",
        "block-cursor-foreground": "#14161a",
        "block-cursor-blurred-background": "#353b47",
        "block-cursor-blurred-foreground": "#e2e4e8",
        "border": "#7aa8f0",
        "border-blurred": "#4a5160",
        "footer-key-foreground": "#e8b05c",
        "footer-description-foreground": "#e2e4e8",
        "input-cursor-background": "#e2e4e8",
        "input-cursor-foreground": "#14161a",
        "input-selection-background": "#34507f",
        "input-selection-foreground": "#e2e4e8",
        "screen-selection-background": "#34507f",
        "screen-selection-foreground": "#e2e4e8",
        "button-color-foreground": "#14161a",
        "button-foreground": "#e2e4e8",
        "scrollbar": "#4a5160",
        "scrollbar-hover": "#6b7487",
        "scrollbar-active": "#7aa8f0",
        "scrollbar-background": "#1b1e24",
        "scrollbar-background-hover": "#1b1e24",
        "scrollbar-background-active": "#1b1e24",
        "link-color": "#7aa8f0",
    },
)

LIGHT: Final = Theme(
    name="localdev-light",
    primary="#1f56b0",
    secondary="#5b3fa8",
    accent="#8a4b00",
    warning="#805000",
    error="#b3261e",
    success="#1a6b35",
    foreground="#1d2026",
    background="#f7f8fa",
    surface="#eef0f3",
    panel="#e2e5ea",
    dark=False,
    variables={
        "text": "#1d2026",
        "text-muted": "#505764",
        "text-disabled": "#5a616e",
        "foreground-muted": "#505764",
        "foreground-disabled": "#5a616e",
        "block-cursor-background": "#1f56b0",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#cfd5df",
        "block-cursor-blurred-foreground": "#1d2026",
        "border": "#1f56b0",
        "border-blurred": "#8b93a1",
        "footer-key-foreground": "#8a4b00",
        "footer-description-foreground": "#1d2026",
        "input-cursor-background": "#1d2026",
        "input-cursor-foreground": "#f7f8fa",
        "input-selection-background": "#bcd0f2",
        "input-selection-foreground": "#1d2026",
        "screen-selection-background": "#bcd0f2",
        "screen-selection-foreground": "#1d2026",
        "button-color-foreground": "#ffffff",
        "button-foreground": "#1d2026",
        "scrollbar": "#a8afbb",
        "scrollbar-hover": "#8b93a1",
        "scrollbar-active": "#1f56b0",
        "scrollbar-background": "#eef0f3",
        "scrollbar-background-hover": "#eef0f3",
        "scrollbar-background-active": "#eef0f3",
        "link-color": "#1f56b0",
    },
)

THEMES: Final = {"dark": DARK, "light": LIGHT}
