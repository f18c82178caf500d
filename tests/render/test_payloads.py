"""The JSON contract of the commands."""

from __future__ import annotations

import json

from localdev.core.code import Chunk, RefreshReport, Skipped
from localdev.core.events import Answered, Citation
from localdev.core.search import Hit, ScorePart
from localdev.render.payloads import answer_payload, index_payload, search_payload

CHUNK = Chunk("a.py", 3, 9, "python", "function", "def f(): ...", "f", "def f()")


def test_answer_payload_has_the_contracts_fields() -> None:
    """All fields of `ask --json`, in plain values."""
    payload = json.loads(json.dumps(answer_payload(Answered("text [1]", (Citation(1, "a.py", 3, 9, "f"),)))))
    assert payload["citations"] == [{"id": 1, "path": "a.py", "start_line": 3, "end_line": 9, "symbol": "f"}]
    assert set(payload["usage"]) == {"prompt_tokens", "cached_tokens", "completion_tokens"}
    assert set(payload["timings"]) == {"refresh_ms", "retrieve_ms", "first_token_ms", "total_ms"}
    assert {"schema_version", "answer", "unverified", "model"} <= payload.keys()


def test_search_payload_has_the_contracts_fields() -> None:
    """All fields of `search --json`; the parts of the score only with `explain`."""
    hit = Hit(1, 7, CHUNK, 0.5, (ScorePart("lexical", 0.5),))
    plain = search_payload("q", [hit], 1.26, notice="said")
    assert plain["notice"] == "said"
    assert plain["took_ms"] == 1.3
    assert list(plain["results"][0]) == [
        "rank", "path", "start_line", "end_line", "symbol", "kind", "language", "score", "snippet",
    ]  # fmt: skip
    assert search_payload("q", [hit], 1, explain=True)["results"][0]["parts"][0]["name"] == "lexical"


def test_index_payload_has_the_contracts_fields() -> None:
    """All fields of `index --json`."""
    payload = index_payload(RefreshReport(2, 5, skipped=(Skipped("x.png", "binary"),), line_chunked=("a.foo",)))
    assert payload["skipped"] == [{"path": "x.png", "reason": "binary"}]
    contract = {"files", "chunks", "added", "changed", "removed", "skipped", "line_chunked", "seconds"}
    assert contract <= payload.keys()
