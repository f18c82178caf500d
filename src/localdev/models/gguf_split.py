"""Models split over several files: which parts belong together, and whether they do.

llama.cpp opens the first part and finds the others by their names, PREFIX-00002-of-00003.gguf. The first part holds
the metadata, the others little but their number. That a part is of the same model is seen from the names and the
number of tensors; a part of another quantisation of the same model is found by its digest alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from localdev.core.errors import ModelError
from localdev.models.gguf_bytes import Value
from localdev.models.gguf_contents import GgufContents, TensorEntry, read_contents

_NAME = re.compile(r"(?P<prefix>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.DOTALL)
_HINT = "put all parts in one folder, named as they were when they were made, and get a missing or odd one again"
_MOST_PARTS = 1024
_MOST_TENSORS = 1 << 12
_MOST_NAMED = 5
# What may differ between the parts of one model.
_OWN_KEYS = {"split.no", "general.alignment"}


@dataclass(frozen=True, slots=True)
class PartName:
    """What the name of a part says: its model, its number from 1 on, and of how many parts it is one."""

    prefix: str
    number: int
    count: int


def part_name(path: Path) -> PartName | None:
    """Read the name of a part, None where it is the name of a whole file."""
    found = _NAME.fullmatch(path.name)
    return PartName(found["prefix"], int(found["number"]), int(found["count"])) if found else None


def first_in(folder: Path) -> Path:
    """Give the one model in a folder: a file, or the first part of a split one.

    Raises:
        OSError: the folder cannot be read.
        ModelError: it holds no model, or several.
    """
    files = sorted(each for each in folder.iterdir() if each.name.lower().endswith(".gguf"))
    models: dict[str | PartName, Path] = {}
    for file in files:
        name = part_name(file)
        models.setdefault(replace(name, number=0) if name else file.name, file)
    if not models:
        raise ModelError(f"the folder {folder} holds no .gguf file", "name the .gguf file itself")
    if len(models) > 1:
        names = [each.name for each in models.values()]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        shown = ", ".join(names[:_MOST_NAMED]) + more
        raise ModelError(f"the folder {folder} holds several models: {shown}", "name one of these files")
    return next(iter(models.values()))


def parts_of(path: Path) -> tuple[Path, ...]:
    """Give the paths of all parts of the model that `path` is one part of, in order; of a whole file that file.

    Raises:
        ModelError: a part is missing, or there is one too many.
    """
    name = part_name(path)
    if name is None:
        return (path,)
    if not 1 <= name.number <= name.count <= _MOST_PARTS:
        raise ModelError(f"{path.name} cannot be part {name.number} of {name.count}", _HINT)
    found = tuple(
        path.with_name(f"{name.prefix}-{number:05d}-of-{name.count:05d}.gguf") for number in range(1, name.count + 1)
    )
    missing = [each.name for each in found if not each.exists()]
    if missing:
        raise ModelError(f"{name.prefix} lacks {len(missing)} of its {name.count} parts: {missing[0]}", _HINT)
    for other in path.parent.iterdir():
        its = part_name(other)
        if its and (its.prefix, its.count) == (name.prefix, name.count) and other not in found:
            raise ModelError(f"{other.name} is a part too many of {name.prefix}", _HINT)
    return found


def merged(parts: tuple[Path, ...]) -> GgufContents:
    """Read all parts and give the contents of the model as a whole, that is, of the file they were split from.

    Raises:
        OSError: a part cannot be read.
        ModelError: a part is damaged, or not of this model.
    """
    first = read_contents(parts[0])
    tensors = dict(first.tensors)
    _refuse_other_number(first, parts, 0)
    data_bytes, file_size = first.data_bytes, first.file_size
    for index, path in enumerate(parts[1:], 1):
        part = read_contents(path)
        _refuse_other_number(part, parts, index)
        _refuse_foreign(part.metadata, first.metadata, path)
        _add(tensors, part.tensors, path)
        data_bytes += part.data_bytes
        file_size += part.file_size
    expected = first.metadata.get("split.tensors.count", len(tensors))
    if len(parts) > 1 and expected != len(tensors):
        raise ModelError(f"the parts of {parts[0].name} hold {len(tensors)} tensors instead of {expected}", _HINT)
    return replace(first, tensors=tensors, data_bytes=data_bytes, file_size=file_size)


def _refuse_other_number(part: GgufContents, parts: tuple[Path, ...], index: int) -> None:
    """Refuse a part that was given the name of another, and one that names itself a whole file."""
    path, count, number = parts[index], part.whole("split.count") or 1, part.whole("split.no") or 0
    if len(parts) == count == 1:
        return
    if count == 1:
        raise ModelError(f"{path.name} is named as part {index + 1} of {len(parts)}, but is no part of a model", _HINT)
    if len(parts) == 1:
        raise ModelError(
            f"{path.name} is part {number + 1} of a model split over {count} files, but is not named like one",
            f"name the parts alike: {path.stem}-{number + 1:05d}-of-{count:05d}.gguf",
        )
    if (number, count) != (index, len(parts)):
        raise ModelError(f"{path.name} is in truth part {number + 1} of {count}, given another name", _HINT)


def _refuse_foreign(own: Mapping[str, Value], first: Mapping[str, Value], path: Path) -> None:
    """Refuse a part that says something else of the model than the first one."""
    for key, value in own.items():
        if key not in _OWN_KEYS and key in first and first[key] != value:
            raise ModelError(f"{path.name} is a part of another model: its {key} differs", _HINT)


def _add(tensors: dict[str, TensorEntry], more: Mapping[str, TensorEntry], path: Path) -> None:
    """Take up the tensors of a further part."""
    for name, tensor in more.items():
        if name in tensors:
            raise ModelError(f"the tensor {name!r} in {path.name} is in an earlier part too", _HINT)
        tensors[name] = tensor
    if len(tensors) > _MOST_TENSORS:
        raise ModelError(f"the parts up to {path.name} hold more than {_MOST_TENSORS} tensors", _HINT)
