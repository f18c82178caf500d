"""Removing an index whose vectors a Chroma server keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.app.stored import StoredIndex, wipe_index
from localdev.core.errors import StorageError
from tests.index.chroma_server import answering, free_port


@pytest.mark.parametrize(("status", "body"), [(404, b"{}"), (200, b"{}"), (200, b"[1]")])
def test_an_odd_server_does_not_keep_an_index(tmp_path: Path, status: int, body: bytes) -> None:
    """What is on this disk goes, and the error names each server that may still hold vectors."""
    folder = tmp_path / "shop"
    folder.mkdir()
    away = f"http://127.0.0.1:{free_port()}"
    with answering(status, body, version=b'"1.0.0"') as url:
        (folder / "OWNER").write_text(f"localdev-0123\n{away}\n{url}\n")
        with pytest.raises(StorageError) as caught:
            wipe_index(StoredIndex(folder, 0))
    assert not folder.exists()
    assert away in str(caught.value) and url in str(caught.value) and "localdev-0123" in caught.value.hint
