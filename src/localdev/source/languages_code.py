"""The ten families with full symbols: definitions with signature, documentation and nesting, and references."""

from __future__ import annotations

from localdev.source.languages import Language

_SCRIPT_SILENT = frozenset({"exports", "module", "prototype", "this", "self", "window", "global", "globalThis"})

LANGUAGES: tuple[Language, ...] = (
    Language(
        "python",
        (".py", ".pyi", ".pyw"),
        ("wscript", "sconstruct", "sconscript"),
        ("python", "pypy"),
        "tree_sitter_python",
    ),
    Language(
        "javascript",
        (".js", ".mjs", ".cjs", ".jsx", ".es6"),
        ("jakefile",),
        ("node", "nodejs", "bun"),
        "tree_sitter_javascript",
        queries=("ecmascript", "javascript", "jsx"),
        silent=_SCRIPT_SILENT,
    ),
    Language(
        "typescript",
        (".ts", ".mts", ".cts"),
        (),
        ("deno", "ts-node", "tsx"),
        "tree_sitter_typescript",
        "language_typescript",
        ("ecmascript", "typescript"),
        silent=_SCRIPT_SILENT,
    ),
    Language(
        "tsx",
        (".tsx",),
        (),
        (),
        "tree_sitter_typescript",
        "language_tsx",
        ("ecmascript", "typescript", "jsx"),
        silent=_SCRIPT_SILENT,
    ),
    Language("go", (".go",), grammar="tree_sitter_go"),
    Language("rust", (".rs",), grammar="tree_sitter_rust"),
    Language("java", (".java",), grammar="tree_sitter_java"),
    Language("c", (".c", ".h"), grammar="tree_sitter_c", macros=True),
    Language(
        "cpp",
        (".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".ipp", ".tpp", ".inl", ".cu", ".cuh", ".ino"),
        grammar="tree_sitter_cpp",
        queries=("c", "cpp"),
        separators=("::",),
        macros=True,
    ),
    Language("c_sharp", (".cs", ".csx"), grammar="tree_sitter_c_sharp", directives=True),
    Language(
        "ruby",
        (".rb", ".rake", ".gemspec", ".ru", ".podspec", ".thor"),
        ("rakefile", "gemfile", "guardfile", "vagrantfile", "podfile", "capfile", "brewfile", "fastfile"),
        ("ruby", "jruby"),
        "tree_sitter_ruby",
        separators=("::", "."),
    ),
    Language(
        "php", (".php", ".phtml", ".php5", ".inc"), (), ("php",), "tree_sitter_php", "language_php", separators=("\\",)
    ),
)
