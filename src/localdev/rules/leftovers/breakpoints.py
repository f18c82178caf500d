"""Breakpoints and calls of a debugger that were left in."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.rules.around import nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import LANGUAGES, SCRIPT, in_code
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import calls
from localdev.source.syntax.tree import SyntaxTree, line_of

_MODULES = (
    "pdb",
    "ipdb",
    "pudb",
    "wdb",
    "rpdb",
    "pdbpp",
    "bdb",
    "remote_pdb",
    "celery.contrib.rdb",
    "IPython.core.debugger",
)
_PYTHON = frozenset(
    (
        "breakpoint",
        *(f"{module}.{call}" for module in _MODULES for call in ("set_trace", "post_mortem", "pm", "runcall")),
        "IPython.embed",
        "debugpy.breakpoint",
        "debugpy.wait_for_client",
        "debugpy.listen",
        "pydevd.settrace",
        "pydevd_pycharm.settrace",
        "code.interact",
        "web_pdb.set_trace",
    )
)
_SCRIPT = frozenset(("page.pause", "cy.pause", "cy.debug", "browser.debug", "browser.pause", "t.debug", "screen.debug"))
_RUBY = words(
    "binding.pry binding.irb binding.break binding.b binding.remote_pry binding.pry_remote byebug "
    "Byebug.byebug debugger save_and_open_page "
    "save_and_open_screenshot Pry.start IRB.start"
)
_CALLS: dict[str, frozenset[str]] = {
    "python": _PYTHON,
    **dict.fromkeys(SCRIPT, _SCRIPT),
    "go": frozenset(("runtime.Breakpoint",)),
    "rust": frozenset(("std.intrinsics.breakpoint", "core.intrinsics.breakpoint", "intrinsics.breakpoint")),
    **dict.fromkeys(("c", "cpp"), frozenset(("__debugbreak", "DebugBreak", "__builtin_debugtrap", "std.breakpoint"))),
    "c_sharp": frozenset(
        ("Debugger.Break", "Debugger.Launch", "System.Diagnostics.Debugger.Break", "System.Diagnostics.Debugger.Launch")
    ),
    "ruby": _RUBY,
    "php": frozenset(("xdebug_break", "dd", "ddd", "Psy.sh", "Psy.Shell.debug", "eval(Psy.sh)", "Kint.dump")),
}
_SIGNS = (
    "breakpoint", "set_trace", "settrace", "debugger", "pdb", "embed", "debugpy", "code.interact", "pause(",
    ".debug(",
    "binding.", "byebug", "save_and_open", "pry.start", "irb.start", "debugbreak", "debugtrap", "xdebug_break", "dd(",
    "psy\\",
)  # fmt: skip


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find calls of debuggers, and JavaScript's statement."""
    names = _CALLS.get(tree.language, frozenset())
    for call in calls(tree):
        if (call.resolved in names or call.name in names) and not _is_own(tree, call.name):
            yield Found(file.path, call.line, f"`{call.name}` stops the program for a debugger", call.line, "remove it")
    for node in nodes_of(tree, ("debugger_statement",)):
        yield Found(file.path, line_of(node), "`debugger` stops the program", suggestion="remove it")


def _is_own(tree: SyntaxTree, name: str) -> bool:
    """Say whether this file defines the name that it calls."""
    return any(f"{word} {name}(" in tree.text for word in ("def", "func", "function", "void"))


RULE = Rule(
    id="breakpoint",
    family="leftover",
    severity="high",
    title="A breakpoint or a debugger's call was left in",
    explanation=(
        "It stops the program where nobody waits with a debugger: tests and services hang. Remove it before committing."
    ),
    bad=Example("app.py", "def total(items):\n    import pdb; pdb.set_trace()\n    return sum(items)\n"),
    good=Example("app.py", "def total(items):\n    return sum(items)\n"),
    check=in_code(_look, _SIGNS, languages=LANGUAGES, aside="same"),
    languages=tuple(_CALLS),
)
