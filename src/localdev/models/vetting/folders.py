"""Tells what a folder is by the names in it."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from localdev.core.errors import NotFound
from localdev.models.vetting import formats
from localdev.models.vetting.formats import Format

_MOST_NAMES = 10_000


def names_in(folder: Path) -> list[str]:
    """Give the names in a folder, sorted, and of very many the first.

    Raises:
        NotFound: there is no such folder, or it may not be read.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in itertools.islice(entries, _MOST_NAMES))
    except OSError as error:
        raise NotFound(f"cannot read the folder {folder}: {error.strerror or error}", "check the path") from error


def identify_folder(names: list[str]) -> Format:
    """Say what a folder with these names in it is; none of them is of a GGUF file."""
    there = {name.lower() for name in names}
    if not there:
        return formats.FOLDER_EMPTY
    for marks, found in (
        ({"modules.json"}, formats.FOLDER_EMBEDDER),
        ({"adapter_config.json"}, formats.FOLDER_LORA),
        ({"saved_model.pb"}, formats.SAVEDMODEL),
        ({"blobs", "manifests"}, formats.FOLDER_OLLAMA),
        ({"manifest.json", "data"}, formats.FOLDER_COREML),
        ({"manifest.json", "model.mlmodel"}, formats.FOLDER_COREML),
    ):
        if marks <= there:
            return found
    if any(name.endswith(".safetensors") for name in there):
        return formats.FOLDER_MODEL
    if any(name.endswith(formats.PICKLED) for name in there):
        return formats.FOLDER_PICKLED
    if any(name.endswith(".onnx") for name in there):
        return formats.ONNX
    return formats.FOLDER
