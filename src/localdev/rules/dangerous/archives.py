"""Archives whose members may be written anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from localdev.rules.around import nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import Cleans, function_text, is_call, unclean_text, values_behind
from localdev.rules.dangerous.guards import checks_path, path_cleaner
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of
from localdev.source.syntax.values import Argument

_ARCHIVE = re.compile(
    r"(?i)tarfile|zipfile|\bzip\b|\btar\b|unzip|archive|untar|zipinput|zipentry|adm-zip|yauzl|rubyzip|zip::|ziparchive|gzip|compress|extract"
)
_MEMBER = re.compile(
    r"""
    \b(?:entry|member|info|zip_?info|tar_?info|header|hdr|file|f|item|zf|ze|zip_?entry|tar_?entry|e|m|tarinfo
    |archive_?entry|inner|outfile|h|hd|th|zh|fh|head|tar_?header|file_?header|zip_?header|zip_?file|nf|cf)\b(?:->|\.|::)
    (?:name|filename|Name|FullName|getName\(\)|path\(\)|path|fileName|full_name|entryName|file_name|Key
    |orig_filename|relativePath|getNameIndex|mangled_name|name\(\)|header\.name|Header\.Name)(?![\w(])
    | \.(?:namelist|getnames)\(\) | ->getNameIndex\( | \bgetName\(\)
    """,
    re.VERBOSE,
)
# What a function does that unpacks only what it looked at.
_CHECKED = re.compile(
    r"(?i)startswith|commonpath|commonprefix|is_relative_to|realpath|safe|valid|members\s*=|\.\.['\"/]|is_within|allowed|filter"
)
_JOINS = words(
    "os.path.join path.join path.resolve filepath.Join path.Join File .resolve Path.Combine "
    "File.join .join Paths.get Path.of .joinpath join resolve Path pathlib.Path fs.createWriteStream "
    "fs.writeFileSync file_put_contents"
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find whole extractions without a filter, and joins with a member's name."""
    if not _ARCHIVE.search(tree.text):
        return
    cleans = path_cleaner(tree)
    for call in calls(tree):
        if (tree.language == "python" and _extracts_all(tree, call)) or (
            tree.language == "php" and _php_extracts(call)
        ):
            message = "members of this archive may be written anywhere (`../`, absolute names, links)"
            yield Found(
                file.path,
                call.line,
                message,
                min(call.end_line, call.line + 4),
                "pass `filter='data'`, or check each member's path",
            )
        elif (
            is_call(call, _JOINS) and not _joins_texts(call) and _is_unchecked(tree, call.node, call.arguments, cleans)
        ):
            yield Found(file.path, call.line, _MESSAGE, min(call.end_line, call.line + 3), _SUGGESTION)
    if tree.language == "python":
        for node in nodes_of(tree, ("binary_operator",)):
            right = node.child_by_field_name("right") if text_of(node.child_by_field_name("operator")) == "/" else None
            if right is not None and _is_unchecked(tree, node, (Argument(tree, right),), cleans):
                yield Found(file.path, line_of(node), _MESSAGE, suggestion=_SUGGESTION)


_MESSAGE = "a member's name of an archive becomes a path: `../` leads out of the target folder"
_SUGGESTION = "check that the resolved path is inside the target folder"


def _joins_texts(call: Call) -> bool:
    """Say whether `join` is that of a text, which puts it between others."""
    return call.name in (".join", ".resolve") or (call.receiver is not None and call.receiver.type.startswith("string"))


def _is_unchecked(tree: SyntaxTree, node: SyntaxNode, given: Sequence[Argument], cleans: Cleans) -> bool:
    """Say whether a call is given an archive member's name that nothing checks."""
    named = [each for each in given if _names_member(tree, each, cleans)]
    return bool(named) and not checks_path(tree, node, named)


def _names_member(tree: SyntaxTree, argument: Argument, cleans: Cleans) -> bool:
    """Say whether an expression holds an archive member's name."""
    around = function_text(argument.node)
    return bool(_ARCHIVE.search(around)) and any(
        _MEMBER.search(unclean_text(each, cleans)) for each in list(values_behind(tree, argument, cleans))[:6]
    )


def _extracts_all(tree: SyntaxTree, call: Call) -> bool:
    """Say whether a call unpacks a tar archive whole without a filter."""
    keywords = {each.keyword for each in call.arguments}
    if call.resolved.endswith("shutil.unpack_archive"):
        return "filter" not in keywords
    if not call.name.endswith((".extractall", ".extract")) or "filter" in keywords or "tarfile" not in tree.text:
        return False
    body = function_text(call.node) or tree.text
    if call.name.endswith(".extract") and not re.search(r"(?i)tar", call.name + body):
        return False
    owner = call.name.rpartition(".")[0].rpartition(".")[2]
    from_zip = re.search(
        rf"ZipFile\([^\n]*\)\s+as\s+{re.escape(owner)}\b|\b{re.escape(owner)}\s*=\s*(?:zipfile\.)?ZipFile\(", body
    )
    return (
        from_zip is None
        and "zip" not in owner.lower()
        and not _CHECKED.search(body)
        and "extraction_filter" not in tree.text
    )


def _php_extracts(call: Call) -> bool:
    """Say whether PHP's Phar unpacks whole; its ZipArchive cleans names itself."""
    return call.name.endswith(".extractTo") and "phar" in call.name.lower()


RULE = Rule(
    id="archive-extraction",
    family="dangerous-call",
    severity="high",
    title="Members of an archive may be written anywhere",
    explanation=(
        "Names in archives may hold `../`, begin with a slash, or be links. Whoever made the archive "
        "then writes files where they like. "
        "Use a filter that refuses them, or check every resolved path against the target folder."
    ),
    bad=Example(
        "unpack.py",
        "import tarfile\n\ndef unpack(path, target):\n    with tarfile.open(path) as archive:\n      "
        "  archive.extractall(target)\n",
    ),
    good=Example(
        "unpack.py",
        "import tarfile\n\ndef unpack(path, target):\n    with tarfile.open(path) as archive:\n      "
        "  archive.extractall(target, filter='data')\n",
    ),
    check=in_code(_look, ("zip", "tar", "archive", "extract")),
)
