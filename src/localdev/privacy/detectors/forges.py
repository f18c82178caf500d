"""Tokens of code forges and package registries."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.privacy.spans import END, START, Span, apply, rule

_RULES = (
    rule("GITHUB", "ghp_ gho_ ghu_ ghs_ ghr_", START + r"gh[pousr]_[A-Za-z0-9_]{36,}"),
    rule("GITHUB", "github_pat_", START + r"github_pat_[A-Za-z0-9_]{22,}"),
    rule(
        "GITLAB",
        "glpat- gldt- glft- glsoat- glrt- glcbt- glimt- glptt- glagent- gloas- glffct-",
        START + r"gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas|ffct)-[\w.-]{20,}",
    ),
    rule("GITLAB", "GR1348941", r"GR1348941[\w-]{20,}"),
    rule("BITBUCKET", "ATBB ATCTT3 ATATT3", START + r"(?:ATBB[A-Za-z0-9]{28,}|AT(?:CTT|ATT)3[\w=-]{60,})"),
    rule("NPM", "npm_", START + r"npm_[A-Za-z0-9]{36,}"),
    rule("PYPI", "pypi-", START + r"pypi-[\w-]{50,}"),
    rule("RUBYGEMS", "rubygems_", START + r"rubygems_[a-f0-9]{48}"),
    rule("CRATES", "cio", START + r"cio[A-Za-z0-9]{32}" + END),
    rule("DOCKER", "dckr_pat_ dckr_oat_", START + r"dckr_[po]at_[\w-]{20,}"),
    rule("NUGET", "oy2", START + r"oy2[a-z0-9]{43}" + END),
)


def find(text: str) -> Iterator[Span]:
    """Find tokens of forges and registries."""
    return apply(_RULES, text)
