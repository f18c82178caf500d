"""Names that are not the user's own code, and names that look like it but are."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.source.skip import file_reason, folder_reason, over_limit


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("package-lock.json", "lock file"),
        ("Cargo.lock", "lock file"),
        ("go.sum", "lock file"),
        ("logo.PNG", "binary"),
        ("model.gguf", "binary"),
        ("a.tar.gz", "binary"),
        ("icon.svg", "image"),
        ("jquery.min.js", "minified"),
        ("app.css.map", "minified"),
        ("thing_pb2.py", "generated"),
        ("thing.pb.go", "generated"),
        ("zz_generated.deepcopy.go", "generated"),
        ("Form.Designer.cs", "generated"),
        ("api.generated.ts", "generated"),
        ("lock.py", ""),
        ("package.json", ""),
        ("png.py", ""),
        ("png", ""),
        (".png", ""),
        ("min.js", ""),
        ("admin.js", ""),
        ("map.ts", ""),
        ("site.map", ""),
        ("test_pb2.py.txt", ""),
        ("generated.go", ""),
        ("Makefile", ""),
        (".gitignore", ""),
        ("a.", ""),
        ("poetry.lock.py", ""),
        (".env", "may hold secrets"),
        (".env.production", "may hold secrets"),
        ("staging.env", "may hold secrets"),
        (".env.example", ""),
        (".env.local.sample", ""),
        ("example.env", ""),
        (".netrc", "may hold secrets"),
        (".npmrc", "may hold secrets"),
        ("id_rsa", "may hold secrets"),
        ("id_rsa.pub", ""),
        ("credentials", "may hold secrets"),
        ("credentials.py", ""),
        ("server.PEM", "may hold secrets"),
        ("master.key", "may hold secrets"),
        ("store.jks", "may hold secrets"),
        ("signing.asc", "may hold secrets"),
        ("office.ovpn", "may hold secrets"),
        ("key.py", ""),
        ("env.py", ""),
        (".envrc", ""),
        ("environment", ""),
    ],
)
def test_files(name: str, reason: str) -> None:
    """Each name gets the reason that stands in the tables, or none."""
    assert file_reason(name) == reason


@pytest.mark.parametrize(
    ("folder", "inside", "reason"),
    [
        ("node_modules", "", "vendored"),
        ("web/node_modules", "", "vendored"),
        ("vendor", "", "vendored"),
        ("pkg/vendor", "modules.txt", "vendored"),
        ("php/vendor", "autoload.php", "vendored"),
        ("static/vendor", "", "vendored"),
        ("shop/vendor", "", ""),
        ("third_party", "", "vendored"),
        ("pip/_vendor", "vendor.txt", "vendored"),
        ("lib/_vendor", "__init__.py", ""),
        (".venv", "", "vendored"),
        ("venv", "pyvenv.cfg", "vendored"),
        ("venv", "", ""),
        ("env", "", ""),
        ("target", "CACHEDIR.TAG", "build output"),
        ("target", "", ""),
        ("build", "", ""),
        ("dist", "", ""),
        ("dist", "index.js", ""),
        ("dist", "app.js.map", "build output"),
        ("web/build", "app.min.js", "build output"),
        (".cargo", "config.toml", ""),
        ("out", "", ""),
        ("lib", "", ""),
        ("bin", "", ""),
        ("__pycache__", "", "tool folder"),
        ("thing.egg-info", "", "generated"),
        (".localdev", "", "localdev's own files"),
        (".github", "", ""),
        (".ssh", "", "may hold secrets"),
        ("home/.aws", "", "may hold secrets"),
        ("modules", "", ""),
    ],
)
def test_folders(tmp_path: Path, folder: str, inside: str, reason: str) -> None:
    """A folder is skipped for its name, or for what proves that a tool made it."""
    place = tmp_path / folder
    place.mkdir(parents=True)
    if inside:
        (place / inside).touch()
    assert folder_reason(folder, str(place)) == reason


@pytest.mark.parametrize(
    ("limit", "words"),
    [(1_000_000, "over 1 MB"), (2_500_000, "over 2.5 MB"), (64_000, "over 64 kB"), (10, "over 10 bytes")],
)
def test_limit_in_words(limit: int, words: str) -> None:
    """The limit is told in the largest unit that fits."""
    assert over_limit(limit) == words
