"""The table of all rules: nothing is discovered by accident."""

from __future__ import annotations

from localdev.rules import (
    binary_file,
    dependency_lock,
    large_file,
    licence_header,
    merge_marker,
    prompt_injection,
    syntax_error,
)
from localdev.rules.assertions import removed, weakened
from localdev.rules.dangerous import (
    addresses,
    archives,
    c_memory,
    c_slips,
    c_text,
    comparisons,
    exposure,
    files,
    logs,
    markup,
    pages,
    paths,
    pollution,
    rust_unchecked,
    shell_lines,
    swallowed,
    tls,
    tokens,
    weak_cipher,
    weak_hash,
    weak_random,
    web_defaults,
)
from localdev.rules.injected import code, deserialising, queries, shell, sql, templates, xml
from localdev.rules.leftovers import breakpoints, debug_prints, focused_tests, skipped_tests, todos
from localdev.rules.rule import Rule
from localdev.rules.secrets import hardcoded, private_key, token
from localdev.rules.signature import changed_signature, symbol_removed

_PLACES = (
    private_key.RULE,
    token.RULE,
    hardcoded.RULE,
    merge_marker.RULE,
    syntax_error.RULE,
    large_file.RULE,
    binary_file.RULE,
    licence_header.RULE,
    removed.RULE,
    weakened.RULE,
    changed_signature.RULE,
    symbol_removed.RULE,
    dependency_lock.RULE,
    prompt_injection.RULE,
)

_LEFTOVERS = (
    breakpoints.RULE,
    focused_tests.RULE,
    skipped_tests.RULE,
    debug_prints.RULE,
    todos.RULE,
)

_REACH = (
    tls.RULE,
    weak_hash.RULE,
    weak_cipher.RULE,
    weak_random.RULE,
    tokens.RULE,
    comparisons.RULE,
    paths.RULE,
    archives.RULE,
    markup.RULE,
    pages.RULE,
    addresses.SERVER,
    addresses.READER,
    exposure.DEBUG,
    exposure.LISTENS,
    exposure.ORIGINS,
    files.TEMPORARY,
    files.PERMISSIONS,
    c_text.RULE,
    c_memory.SIZES,
    c_memory.FREED,
    c_slips.RULE,
    rust_unchecked.RULE,
    logs.RULE,
    pollution.RULE,
    web_defaults.FORGERY,
    web_defaults.COOKIES,
    web_defaults.ASSIGNS,
    swallowed.RULE,
    shell_lines.RULE,
)

_INJECTED = (
    code.RULE,
    shell.RULE,
    sql.RULE,
    deserialising.RULE,
    xml.RULE,
    templates.RULE,
    queries.RULE,
)

RULES: tuple[Rule, ...] = (
    *_INJECTED,
    *_REACH,
    *_LEFTOVERS,
    *_PLACES,
)


def rule(id: str) -> Rule | None:
    """Give a rule by its id."""
    return next((each for each in RULES if each.id == id), None)
