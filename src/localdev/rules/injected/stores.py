"""Filters of document stores that a request fills: where a text is meant, an object with operators may come."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.code import SCRIPT
from localdev.rules.dangerous.data import function_text, values_behind
from localdev.rules.words import words
from localdev.source.syntax.calls import Call
from localdev.source.syntax.names import bare
from localdev.source.syntax.scopes import value_of
from localdev.source.syntax.tree import SyntaxTree
from localdev.source.syntax.values import Argument, members_of

STORES = words("""
    find findOne findMany findOneAndUpdate findOneAndDelete findOneAndReplace updateOne updateMany deleteOne
    deleteMany count countDocuments remove aggregate where distinct replaceOne exists find_one find_one_and_update
    find_one_and_delete update_one update_many delete_one delete_many count_documents findOneAndRemove
    """)
# What of a request may be an object: a body that was read as JSON, and texts with `[$ne]=` where such are read.
_WHOLE = r"(?:ctx\.)?(?:request|req)\.(?:body|query)"
_SENT = {
    "script": re.compile(_WHOLE + r"(?:\??\.\w+|\[[^\]]*\])*"),
    "python": re.compile(r"(?:flask\.)?request\.(?:json|get_json\([^()]*\))(?:\[[^\]]*\]|\.get\([^()]*\))*"),
    "php": re.compile(r"\$_(?:GET|POST|REQUEST|COOKIE)(?:\[[^\]]*\])*(?:\s*\?\?\s*\S{1,20})?"),
}
_ALL_OF_IT = re.compile(rf"{_WHOLE}|JSON\.parse\(\s*{_WHOLE}[\w.\[\]'\"]*\s*\)")
_IS_STORE = re.compile(r"(?i)mongo|\.collection\(|\bdb\.\w+\.find")
_IS_OTHER = re.compile(r"(?i)sequelize|typeorm|knex|prisma|objection|bookshelf")
_CHECKED = re.compile(r"(?i)typeof|sanitiz|validat|\bjoi\b|celebrate|\bzod\b|\.parse\(|isinstance|is_string|\$eq\b")


def of_store(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge a call that may filter documents: `high` where a request is the filter, `medium` where it fills one."""
    sent = _SENT.get("script" if tree.language in SCRIPT else tree.language)
    owner = call.name.split(".")[-2]
    if sent is None or _IS_OTHER.search(tree.text):
        return None
    filter_ = call.arguments[0]
    if tree.language in SCRIPT and _ALL_OF_IT.fullmatch(value_of(tree, filter_).text):
        return "high"
    if not (_IS_STORE.search(tree.text) or owner[:1].isupper() or tree.language == "php"):
        return None
    given = (value for member in _values(tree, filter_) for value in values_behind(tree, member))
    filled = any(sent.fullmatch(each.text) for each in given)
    return "medium" if filled and not _CHECKED.search(function_text(call.node)) else None


def _values(tree: SyntaxTree, argument: Argument) -> Iterator[Argument]:
    """Yield the values of a filter that are names: others went through something."""
    node = bare(tree, value_of(tree, argument).node)
    short = (Argument(tree, each) for each in node.named_children if each.type == "shorthand_property_identifier")
    for each in (*members_of(tree, node).values(), *short):
        if each.kind == "name" or (tree.language == "python" and each.kind == "call"):
            yield each
