"""The script that draws the pictures of the documentation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]


def test_every_picture_of_the_documentation_is_drawn(tmp_path: Path) -> None:
    """The script draws those that are kept, from the real app, well-formed and without web fonts."""
    code = f"from pathlib import Path; from scripts.make_pictures import main; main(Path({str(tmp_path / 'new')!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    new = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new").iterdir()}
    assert set(new) == {path.name for path in (ROOT / "docs" / "pictures").glob("*.svg")}
    for text in new.values():
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "gold customers" in new["chat-dark.svg"]
    assert "sql-injection" in new["review.svg"]
    assert "hunk 1 of 2" in new["patch.svg"]
    assert "Where are orders kept?" in new["sessions.svg"]
