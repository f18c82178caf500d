"""Tells whether the function around a place checks or cleans what it uses."""

from __future__ import annotations

import re

from localdev.rules.dangerous.data import function_text
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, text_of

# A path is compared with its root, or only its last part is taken.
_PATH = re.compile(
    r"""
    safe_join | secure_filename | is_relative_to | relative_to\( | commonpath | commonprefix | basename
    | os\.path\.split\( | \.startswith\( | \.startsWith\( | starts_with | start_with\? | StartsWith\( | HasPrefix\(
    | filepath\.(?:Base|IsLocal|Rel|Clean) | path\.(?:Base|Clean)\( | securejoin | SecureJoin
    | os\.(?:OpenRoot|DirFS) | fs\.ValidPath | ContainsAny | Contains\(\w+,\s*"\.\." | IndexOf\("\.\."
    | \.includes\(['"]\.\. | \.contains\("\.\. | ['"]\.\.[/\\]*['"]
    | GetFileName\( | getFileName\( | FilenameUtils\.getName | toRealPath | getCanonicalPath | canonicalize
    | strip_prefix | enclosed_name | Component::Normal | ParentDir | file_name\(\) | \bname_safe\b | realpath
    | expand_path | cleanpath | parameterize
    | isSubpath | isWithin | is_within | isInside | is_safe | isSafe | sanitiz | sanitis | validate | allowlist
    | whitelist | ALLOWED | allowed | ctype_alnum | preg_match | re\.(?:full)?match | \.test\( | \.match\(
    | MatchString | is_valid | isValid
    | resolve_safe | path-is-inside | path\.relative | \.resolve\(\)\.parents | slugify | uuid\.UUID\(
    | Uuid::parse | int\(
    """,
    re.VERBOSE,
)
_ADDRESS = re.compile(
    r"""
    (?i:is_?safe | is_?allowed
    | allow(?:ed|list)|white_?list|valid(?:ate|_|ur|host|re|id)|same_?origin|is_?local|is_?private|block_?list
    |deny_?list|trusted|sanitiz|sanitis|netloc|hostname|\.host\b
    |url_has_allowed|url_for|reverse\(|is_?relative|getHost|\.startswith\(|starts_with
    |hasprefix|start_with\?|isLocalUrl|LocalRedirect|only_path|allow_other_host:\s*false|escape|encode)
    """,
    re.VERBOSE,
)
_MARKUP = re.compile(
    r"(?i)sanit|purify|escape|encode|textContent|trusted|xss|\bclean|bleach|htmlspecialchars|htmlentities|strip_tags|\be\(|\bh\(|nonce|translate|i18n|json_?script|dompurify|createTextNode|tojson|esc_\w+"
)
_NUMBER = re.compile(
    r"\b(?:int|Number|parseInt|parseFloat|float|Integer\.parseInt|strconv\.Atoi|intval|to_i|Long\.parseLong|UUID)\b"
)


def checks_path(node: SyntaxNode, tree: SyntaxTree) -> bool:
    """Say whether the function around a node looks at a path before it is used."""
    return _PATH.search(function_text(node) or tree.text) is not None


def checks_address(node: SyntaxNode, tree: SyntaxTree) -> bool:
    """Say whether the function around a node looks at an address before it is used."""
    return _ADDRESS.search(function_text(node) or tree.text) is not None


def cleans_markup(text: str) -> bool:
    """Say whether an expression goes through something that makes it harmless in a page."""
    return _MARKUP.search(text) is not None


def is_number(node: SyntaxNode) -> bool:
    """Say whether an expression is made a number or an identifier of fixed form."""
    return _NUMBER.match(text_of(node)) is not None
