"""Configuration, data and prose with a grammar: keys, tables, blocks and headings instead of functions."""

from __future__ import annotations

from localdev.source.languages import Language

LANGUAGES: tuple[Language, ...] = (
    Language(
        "json",
        (".json", ".jsonc", ".json5", ".geojson", ".webmanifest", ".avsc", ".code-workspace", ".topojson"),
        (".babelrc", ".eslintrc", ".prettierrc", ".stylelintrc", ".swcrc", ".jshintrc"),
        grammar="tree_sitter_json",
        separators=(),
        loose="config",
    ),
    Language(
        "yaml",
        (".yml", ".yaml", ".cff"),
        (".clang-format", ".clang-tidy", ".clangd", ".gemrc", ".yamllint"),
        grammar="tree_sitter_yaml",
        separators=(),
        loose="config",
    ),
    Language("toml", (".toml",), ("pipfile",), grammar="tree_sitter_toml", separators=(), loose="config"),
    Language(
        "hcl", (".tf", ".tfvars", ".hcl", ".tofu", ".nomad"), grammar="tree_sitter_hcl", separators=(), loose="config"
    ),
    Language(
        "dockerfile",
        (".dockerfile", ".containerfile"),
        ("dockerfile", "containerfile"),
        grammar="tree_sitter_containerfile",
        separators=(),
        loose="config",
    ),
    Language(
        "markdown",
        (".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdwn", ".mdx", ".rmd", ".qmd"),
        grammar="tree_sitter_markdown",
        separators=(),
        loose="section",
        prose=True,
    ),
)
