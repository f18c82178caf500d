"""A dependency that a manifest gains while its lock file stays as it was."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.manifests import Manifest, manifest_of, wanted
from localdev.rules.places import is_test, is_vendored
from localdev.rules.rule import Example, Found, Rule


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Look at each manifest that changed."""
    changed = {file.path for file in change.files}
    for file in change.files:
        known = manifest_of(file.path)
        if known is None or file.partial or file.new_text is None or is_vendored(file.path):
            continue
        manifest, names = known
        lock = _lock(change, file.path, names)
        if lock and not any(path in changed for path in _beside(lock, names)):
            yield from _look(change, file, manifest, lock)


def _lock(change: ReviewedChange, path: str, names: tuple[str, ...]) -> str:
    """Give the lock file beside a manifest, or in the nearest folder above; empty where none is tracked."""
    folder = path.rpartition("/")[0]
    while True:
        for name in names:
            place = f"{folder}/{name}" if folder else name
            if place in change.paths:
                return place
        if not folder:
            return ""
        folder = folder.rpartition("/")[0]


def _beside(lock: str, names: tuple[str, ...]) -> list[str]:
    """Give where lock files of the same kind may be in the lock's folder."""
    folder = lock.rpartition("/")[0]
    return [f"{folder}/{name}" if folder else name for name in names]


def _look(change: ReviewedChange, file: ChangedFile, manifest: Manifest, lock: str) -> Iterator[Found]:
    """Compare what the manifest asked for before and after."""
    new = wanted(manifest, file.new_text or "")
    old = wanted(manifest, file.old_text) if file.old_text is not None else {}
    if new is None or old is None:
        return
    locked = change.sides.new_text(lock)
    aside = is_test(file.path)
    for name, asked in new.items():
        if old.get(name) == asked or (lock.endswith("go.sum") and f"{name} {asked}" in (locked or "")):
            continue
        fresh = name not in old
        yield Found(
            file.path,
            _line(file, name),
            f"{name} is {'added' if fresh else 'asked for in another version'}, and {lock} is not changed",
            suggestion=f"bring {lock} up to date and commit it with this",
            severity=None if fresh and not aside else "low",
        )


def _line(file: ChangedFile, name: str) -> int:
    """Give the changed line that names a dependency, else the first line that does."""
    low = name.lower()
    rows = [number for number, row in enumerate(file.new_lines, 1) if low in row.lower().replace("_", "-")]
    return next((row for row in rows if row in file.added), rows[0] if rows else 0)


RULE = Rule(
    id="lock-not-updated",
    family="dependency",
    severity="medium",
    title="A dependency is added and the lock file is not",
    explanation=(
        "The lock file says which versions are installed, so the dependency is missing where installation "
        "follows the lock "
        "(`npm ci`, `cargo build --locked`, `pip-sync`, ...), or every machine takes another version. Run the package "
        "manager and commit both. A requirement that only changes its version is told as low."
    ),
    bad=Example(
        "Cargo.toml",
        '[dependencies]\nserde = "1"\nregex = "1"\n',
        '[dependencies]\nserde = "1"\n',
        (("Cargo.lock", ""),),
    ),
    good=Example(
        "Cargo.toml",
        '[dependencies]\nserde = "1"\n\n[lib]\nname = "x"\n',
        '[dependencies]\nserde = "1"\n',
        (("Cargo.lock", ""),),
    ),
    check=_check,
)
