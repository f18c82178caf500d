"""Languages with a grammar beyond the ten main families: code, shell, queries and markup."""

from __future__ import annotations

from localdev.source.languages import Language

LANGUAGES: tuple[Language, ...] = (
    Language("kotlin", (".kt", ".kts"), (), ("kotlin",), "tree_sitter_kotlin"),
    Language("swift", (".swift",), (), ("swift",), "tree_sitter_swift"),
    Language("scala", (".scala", ".sc", ".sbt", ".mill"), (), ("scala", "amm"), "tree_sitter_scala"),
    Language(
        "lua",
        (".lua", ".rockspec"),
        (".luacheckrc", ".busted"),
        ("lua", "luajit", "texlua"),
        "tree_sitter_lua",
        separators=(".", ":"),
    ),
    Language(
        "bash",
        (".sh", ".bash", ".zsh", ".ksh", ".bats", ".ebuild", ".eclass", ".command"),
        (
            *(".bashrc", ".bash_profile", ".bash_aliases", ".bash_logout", ".bash_login", ".profile", ".envrc"),
            *(".zshrc", ".zshenv", ".zprofile", ".zlogin", ".kshrc", "pkgbuild", "apkbuild", "bashrc", "zshrc"),
        ),
        ("sh", "bash", "zsh", "dash", "ksh", "ash", "bats"),
        "tree_sitter_bash",
        separators=(),
    ),
    Language("elixir", (".ex", ".exs"), (), ("elixir",), "tree_sitter_elixir", clauses=True),
    Language("haskell", (".hs", ".hs-boot"), (), ("runhaskell", "runghc"), "tree_sitter_haskell", clauses=True),
    Language("zig", (".zig",), grammar="tree_sitter_zig"),
    Language("sql", (".sql", ".ddl", ".dml", ".psql", ".pgsql", ".mysql"), grammar="tree_sitter_sql", loose="block"),
    Language(
        "html",
        (".html", ".htm", ".xhtml", ".shtml"),
        grammar="tree_sitter_html",
        separators=(),
        loose="block",
    ),
    Language("css", (".css", ".pcss", ".postcss"), grammar="tree_sitter_css", separators=(), loose="block"),
)
