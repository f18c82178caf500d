"""Tells what prints to the screen in each language, and which files and functions print for a living."""

from __future__ import annotations

import re

from localdev.rules.around import conditions_around, names_around
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, C
from localdev.rules.places import is_example, is_script, is_test
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.tree import SyntaxTree

# Calls that exist to look at a value while working; nobody ships them.
DUMPS: dict[str, frozenset[str]] = {
    "python": words("pprint.pprint pprint.pp icecream.ic ic rich.inspect snoop.pp prettyprinter.cpprint"),
    **dict.fromkeys(SCRIPT, words("console.table console.dir console.trace alert window.alert")),
    "go": words(
        "spew.Dump github.com/davecgh/go-spew/spew.Dump litter.Dump pp.Println pp.Print q.Q repr.Println println print"
    ),
    "rust": frozenset(("dbg", "std.dbg")),
    "ruby": words("p pp ap awesome_print jj"),
    "php": words(
        "var_dump print_r var_export dump debug_zval_refcount debug_print_backtrace ray krumo xdebug_var_dump debug"
    ),
}
# Calls that print; whether that is meant depends on where they stand and what they say.
PRINTS: dict[str, frozenset[str]] = {
    "python": frozenset(("print", "builtins.print", "rich.print")),
    **dict.fromkeys(
        SCRIPT, frozenset(("console.log", "console.debug", "console.info", "print", "console.warn", "console.error"))
    ),
    "go": words("fmt.Println fmt.Printf fmt.Print log.Println log.Printf log.Print os.Stdout.WriteString"),
    "rust": words("println print eprintln eprint std.println std.eprintln"),
    "java": frozenset(
        f"System.{out}.{call}" for out in ("out", "err") for call in ("println", "print", "printf", "format")
    ),
    **dict.fromkeys(C, words("printf puts fprintf std.printf std.puts std.fprintf std.print std.println qDebug")),
    "c_sharp": frozenset(
        f"{name}.{call}"
        for name in ("Console", "System.Console", "Debug", "Trace")
        for call in ("WriteLine", "Write", "Print")
    ),
    "ruby": words("puts print warn $stdout.puts STDOUT.puts $stderr.puts STDERR.puts Kernel.puts"),
    "php": frozenset(("printf", "error_log", "print")),
}
# Of those, what goes to a log or to the error stream is meant more often: it must say that it is for debugging.
QUIET = re.compile(
    r"console\.(?:warn|error|info)|log\.\w+|System\.err\..*|.*fprintf|eprint(?:ln)?|warn|(?:\$stderr|STDERR)\.puts"
    r"|error_log|(?:Debug|Trace)\..*|qDebug|std\.eprintln"
)
# Languages in which printing in a library, with no sign of a program around it, is a slip.
PLAIN = frozenset(("python", *SCRIPT, "go", "java", "c_sharp", "rust"))

_PROGRAM: dict[str, re.Pattern[str]] = {
    "python": re.compile(
        r"__main__|argparse|optparse|\bclick\b|\btyper\b|sys\.argv|^#!|BaseCommand|sys\.exit|\bcmd\.Cmd\b|getpass|\binput\(",
        re.MULTILINE,
    ),
    **dict.fromkeys(
        SCRIPT,
        re.compile(
            r"^#!|process\.argv|\bcommander\b|\byargs\b|process\.exit|\bchalk\b|\bora\b|\binquirer\b|child_process|process\.stdout",
            re.MULTILINE,
        ),
    ),
    "go": re.compile(r"^package main\b|spf13/cobra|urfave/cli|os\.Args|\"flag\"", re.MULTILINE),
    "rust": re.compile(r"\bfn main\b|\bclap\b|structopt|std::env::args"),
    "java": re.compile(r"\bvoid main\s*\(|picocli|commons\.cli|JCommander"),
    **dict.fromkeys(C, re.compile(r"\bmain\s*\(|getopt|\busage\b")),
    "c_sharp": re.compile(r"\bMain\s*\(|CommandLine|Console\.Read|Spectre\.Console"),
    "ruby": re.compile(r"OptionParser|\bThor\b|\bARGV\b|\$0|^#!|\bexit\b|Rake", re.MULTILINE),
    "php": re.compile(r"\$argv|extends \w*Command\b|PHP_SAPI|php_sapi_name|^#!|STDOUT|STDERR", re.MULTILINE),
}
# Words in the name of a function or class that prints.
_PRINTERS = words("""
    print prints printf println printer show shows dump dumper display report reporter reporting usage help list banner
    main output render renderer echo log logs logger logging warn warning debug debugger trace verbose inspect summary
    summarize progress command cmd console cli emit pp repl run runner notify describe prompt welcome version
    """)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SWITCH = re.compile(
    r"(?i)debug|verbose|trace|log|dev\b|__DEV__|quiet|silent|print|dry.?run|isatty|NODE_ENV|profil|warn|process\.env|show"
)


def is_printer(file: ChangedFile, tree: SyntaxTree) -> bool:
    """Say whether a file prints for a living: a program, a script, or one that printed before the change."""
    if is_script(file.path) or is_test(file.path) or is_example(file.path):
        return True
    if is_program(tree):
        return True
    prints = PRINTS.get(tree.language, frozenset())
    kept = [call for call in calls(tree) if is_print(call, prints) and not file.touched(call.line, call.end_line)]
    fresh = [call for call in calls(tree) if is_print(call, prints) and file.touched(call.line, call.end_line)]
    return bool(kept) or len(fresh) > 3


def is_program(tree: SyntaxTree) -> bool:
    """Say whether a file is a program's entry or reads its command line."""
    program = _PROGRAM.get(tree.language)
    return program is not None and program.search(tree.text) is not None


def is_print(call: Call, names: frozenset[str]) -> bool:
    """Say whether a call is one of some names."""
    return call.name in names or call.resolved in names


def prints_for_a_living(call: Call) -> bool:
    """Say whether the functions around a call, or what it depends on, say that printing is meant."""
    if any(not _PRINTERS.isdisjoint(_HUMP.sub("_", name).lower().split("_")) for name in names_around(call.node)):
        return True
    return any(_SWITCH.search(text) for text in conditions_around(call.node))
