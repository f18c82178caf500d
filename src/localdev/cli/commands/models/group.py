"""The group `localdev models` and what its commands share."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from localdev.cli.options import new_group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localdev.cli.terminal import Printer
    from localdev.models.gguf import GgufHeader
    from localdev.models.passport import Passport

app = new_group("Model files: yours, in GGUF form, kept by content and never fetched.")


def print_json(printer: Printer, entries: Mapping[str, Any]) -> None:
    """Print a JSON object with the version that heads every one."""
    from localdev.render.payloads import SCHEMA_VERSION

    printer.json({"schema_version": SCHEMA_VERSION, **entries})


def payload(passport: Passport) -> dict[str, Any]:
    """Give what `--json` prints of a model."""
    return {**asdict(passport), "folder": str(passport.folder), "file": str(passport.file), "size": passport.size}


def describe(model: Passport | GgufHeader) -> str:
    """Say in a few words what kind of model it is."""
    from localdev.models.gguf import GgufHeader
    from localdev.models.passport import embeds

    size = model.file_size if isinstance(model, GgufHeader) else model.size
    parts = [
        model.architecture,
        f"{model.parameters / 1e9:.1f} B" if model.parameters >= 1e8 else f"{model.parameters / 1e6:.1f} M",
        model.quantisation,
        f"{size / 1e6:.0f} MB",
        f"reads up to {model.context_length} tokens",
    ]
    if embeds(model.architecture):
        parts.append("for search only")
    return ", ".join(parts)
