"""What to say of a search that found nothing, or nothing that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from localdev.core.code import RefreshReport
from localdev.core.ports import Repository
from localdev.core.search import Hit, SearchFilter
from localdev.core.sizes import counted


@dataclass(frozen=True, slots=True)
class Searched:
    """Where a query was looked up: the repository, what its last refresh found, and the filter, if any."""

    repository: Repository
    report: RefreshReport
    where: SearchFilter | None


def search_notice(query: str, hits: Sequence[Hit], searched: Searched) -> str:
    """Say what the user should know of the hits: that they are only similar, or why there are none; else nothing."""
    from localdev.retrieval.likeness import ONLY_SIMILAR, only_similar
    from localdev.retrieval.search import POOL, search

    if only_similar(hits):
        # What few are shown does not tell whether a word occurs further down.
        all_hits = search(query, searched.repository, limit=POOL, where=searched.where)
        return ONLY_SIMILAR if only_similar(all_hits) else ""
    if hits:
        return ""
    return _why_nothing(query, searched)


def _why_nothing(query: str, searched: Searched) -> str:
    """Say why a query found nothing."""
    from localdev.retrieval.query import read_query

    if not searched.report.files:
        skipped = len(searched.report.skipped)
        more = f"; `localdev index` names the {counted(skipped, 'file')} that it skips" if skipped else ""
        return f"there is no file to search{more}"
    if read_query(query).kind == "empty":
        return "the query holds no word to look for; give a word, a name or a question"
    if searched.where is None:
        return "nothing matches; try other words"
    excluded = _excluded(query, searched.repository, searched.where)
    return excluded or "nothing that the filters leave matches; try other words, or fewer filters"


def _excluded(query: str, repository: Repository, where: SearchFilter) -> str:
    """Name the filters that leave nothing of the repository, whatever is asked for; empty when they leave something."""

    def empty(where: SearchFilter) -> bool:
        return not repository.dense(query, 1, where=where)

    none = [f"no path here is like {path}" for path in where.paths if empty(SearchFilter(paths=(path,)))]
    none += [f"nothing here is {name}" for name in where.languages if empty(SearchFilter(languages=(name,)))]
    none += [f"nothing here is of the kind {name}" for name in where.kinds if empty(SearchFilter(kinds=(name,)))]
    if none:
        return "; ".join(none)
    return "no place here passes all of these filters at once" if empty(where) else ""
