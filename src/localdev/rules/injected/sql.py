"""SQL put together out of values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import is_from_outside, is_from_parameter
from localdev.rules.injected.holes import is_harmless, judged, place
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.built import Built, build
from localdev.source.syntax.calls import Call
from localdev.source.syntax.meanings import meant
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, nodes_of
from localdev.source.syntax.values import Argument, members_of

_SQL = re.compile(
    r"""
    ^[\s("'`]*(?:
      select\b[\s\S]*?(?:\bfrom\b|\0) | insert\s+(?:or\s+\w+\s+|ignore\s+)?into\b | replace\s+into\b
    | update\s+[\s\S]{1,80}?\bset\b | delete\s+from\b
    | merge\s+into\b | truncate\s+table\b | with\s+(?:recursive\s+)?\w+\s+as\s*\(
    | (?:create|drop|alter)\s+(?:or\s+replace\s+)?(?:temp\w*\s+|unique\s+|materialized\s+)?
      (?:table|database|index|view|user|role|schema|trigger|sequence|function)\b
    | grant\s+\w+[\s\S]{0,60}\b(?:on|to)\b | (?:from|update|delete)\s+[A-Z]\w*(?:\s+\w+)?\s+(?:where|set)\b
    | exec(?:ute)?\s+\w+
    | call\s+\w+\s*\( | attach\s+database | pragma\s+\w+ | copy\s+\S+\s+(?:from|to)\b | explain\s+(?:analyze\s+)?select
    )
    | \b(?:where|and|or|having)\s+[\w."`\[\]]+\s*(?:=|<>|!=|<|>|<=|>=|like|ilike|in)\s*['"(%]*\0
    | \border\s+by\s+\0 | ^\s*(?:and|or|where)\s
    """,
    re.IGNORECASE | re.VERBOSE,
)
# A value stands where SQL has a value: behind a comparison, in quotes, in a list of values.
_VALUE = re.compile(
    r"""
    (?:=|<>|!=|[<>]|\blike|\bilike|\brlike|\bregexp|\bbetween|\bsimilar\s+to|\bagainst|\bpassword|\bidentified\s+by|\|\|)
      \s*[('"%\s\\N]*\0
    | ['%][^'"\0\n]{0,20}\0 | \bin\s*\(+\s*['"]?\0 | \bvalues?\s*\([^)]*\0
    | \0[^'"\n]{0,12}' | \blimit\s+\0 | \boffset\s+\0
    """,
    re.IGNORECASE | re.VERBOSE,
)
# What only escapes quotes is of no use where there are none around.
_ESCAPES = re.compile(r"(?i)real_escape_string|\besc_sql|pg_escape_string|escape_string\(|sqlite_escape")
_ORDERED = re.compile(r"\b(?:order|group)\s+by\s+$", re.IGNORECASE)
# A fragment of a condition as query builders take it.
_CONDITION = re.compile(r"(?:=|<>|!=|[<>]|\blike|\bilike|\bin)\s*[('\"%\s\\]*\0|['%]\0", re.IGNORECASE)
_SINK = re.compile(
    r"(?i)execute|query|sql|prepare|^fetch|^mysqli?_|^pg_|^sqlsrv_|^odbc_|^pqexec|command$|^select_|^exec|rawquery|adapter$"
)
_SINKS = words("""
    raw statement unprepared select selectone selectrow get getall getone getrow get_results get_var get_row get_col
    run all each iterate batch literal extra text update insert delete mustexec addbatch createcommand oci_parse
    update_all delete_all copy_expert mogrify cursor conn cmd
    """)
# What takes a fragment of SQL: a condition, an order, an expression.
_FRAGMENTS = words("""
    where where_not or_where orWhere andWhere having order order_by orderBy group reorder pluck joins from select
    exists? whereRaw orWhereRaw havingRaw orderByRaw selectRaw groupByRaw fromRaw joinRaw raw extra literal Where Or
    Not Having Order Select Joins Group Raw RawSQL find_by calculate sum having_raw where_raw order_by_raw
    literal_column filter addWhere setParameter find_by_sql update_all delete_all destroy_all sanitize unscope rewhere
    Arel.sql sql lock createAlias setFilter newQuery setGrouping createFilter find distinct group_by addFilter
    """)
# Calls that only show, log, raise or shape a text.
_ELSEWHERE = re.compile(
    r"(?i)log|print|debug|info|warn|error|trace|exception|fatal|echo|write|format|message|puts|raise|throw|assert|expect"
    r"|panic|fail|notice|msg|append|join|add|push|concat|replace|split|test|describe|comment|explain|dedent|render|send"
    r"|emit|title|label|flash|equal|match|regex|compile|strlen|md5|hash|cache|gettext|translat|help"
)
# Those that take the whole of an order or a condition as a text: in Rails, and by their name anywhere.
_WHOLE_RAILS = words("order reorder pluck group having where joins select from find_by_sql exists? calculate lock")
_WHOLE = words("orderByRaw whereRaw Order order_by_raw raw literal Raw groupByRaw selectRaw havingRaw orderBy")
# The arguments that are parts of SQL when they are passed by name.
_PARTS = words("conditions order group select joins having from where lock")
_NAMES = ("sql", "text", "query", "statement", "conditions", "where")
_REALLY_SQL = re.compile(r"(?i)sql|quer|exec|cursor|prepare|\bdb\b|database|conn|statement")
# Methods that take the values of a template as parameters.
_PARAMETERISED = words("""
    FromSqlInterpolated FromSql ExecuteSqlInterpolated ExecuteSqlInterpolatedAsync ExecuteSql ExecuteSqlAsync SqlQuery
    $queryRaw $executeRaw Prisma.sql Sql sql
    """)
_SUGGESTION = "leave a placeholder in the text and pass the value as a parameter"


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find SQL that holds values, where it is run."""
    seen: set[str] = set()
    for call in meant(tree):
        if not file.touched(call.line, call.end_line) and not _may_be_built_before(call):
            continue
        if not _takes_sql(call) or _takes_parameters(tree, call):
            continue
        for argument in _given(tree, call):
            found = _judged(file, tree, call, argument)
            if found is not None:
                seen.add(argument.name)
                yield found
                break
    yield from _of_datasets(file, tree)
    yield from _texts(file, tree, seen)


def _of_datasets(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find `DB["SELECT ..."]` of Sequel, which is a query though it is no call."""
    for node in nodes_of(tree, frozenset({"element_reference"})) if tree.language == "ruby" else ():
        argument = Argument(tree, node.named_children[-1])
        if argument.kind == "literal" or not file.touched(line_of(node), end_line_of(node)):
            continue
        built = build(tree, argument)
        severity = _severity(tree, built) if _SQL.search(built.text) else None
        if severity is not None:
            yield Found(file.path, line_of(node), _message(built, tree), end_line_of(node), _SUGGESTION, severity)


def _given(tree: SyntaxTree, call: Call) -> Iterator[Argument]:
    """Yield what may be SQL among the arguments of a call: also under a name in an object or a hash."""
    for argument in call.arguments:
        if argument.kind == "literal":
            continue
        members = members_of(tree, argument.node) if argument.kind == "other" else {}
        inside = [members[name] for name in _NAMES if name in members]
        yield from inside or [argument]


def _takes_sql(call: Call) -> bool:
    """Say whether a call may run SQL, or take a part of it."""
    sink = call.last.lower() in _SINKS or _SINK.search(call.last) is not None
    if not sink and call.last not in _FRAGMENTS and call.kind != "new" and not _REALLY_SQL.search(call.name):
        return False
    return not _ELSEWHERE.search(call.last) or _REALLY_SQL.search(call.last) is not None


def _may_be_built_before(call: Call) -> bool:
    return any(argument.kind in ("name", "call") for argument in call.arguments)


def _takes_parameters(tree: SyntaxTree, call: Call) -> bool:
    """Say whether a call turns the values of a template into parameters."""
    listed = call.node.child_by_field_name("arguments")
    if listed is not None and listed.type == "template_string":
        return True
    return tree.language == "c_sharp" and call.last in _PARAMETERISED and not call.last.endswith("Raw")


def _judged(file: ChangedFile, tree: SyntaxTree, call: Call, argument: Argument) -> Found | None:
    """Say whether an argument is SQL with values in it."""
    fragment = call.last in _FRAGMENTS and (argument.keyword in _PARTS or argument == call.positional(0))
    built = build(tree, argument)
    if not built.holes:
        return None
    is_sql = _SQL.search(built.text) is not None
    if not is_sql and not (fragment and (_CONDITION.search(built.text) or _by_request(tree, call, built))):
        return None
    severity = _severity(tree, built)
    if severity is None:
        return None
    line = place(file, (call.line, call.end_line), argument, built.holes)
    return (
        Found(file.path, line, _message(built, tree), max(line, call.end_line), _SUGGESTION, severity) if line else None
    )


def _by_request(tree: SyntaxTree, call: Call, built: Built) -> bool:
    """Say whether a request alone is the fragment: an order or a condition as it came."""
    if call.last not in (_WHOLE_RAILS if tree.language == "ruby" else _WHOLE):
        return False
    return any(is_from_outside(tree, hole) for hole in built.holes) and not built.text.strip("\0 ")


def _severity(tree: SyntaxTree, built: Built) -> Severity | None:
    """Say how bad the values are where they stand; None where they do no harm."""
    texts = built.text.split("\0")
    worst: Severity | None = None
    for index, hole in enumerate(built.holes):
        before = "X".join(texts[: index + 1])
        after = texts[index + 1] if index + 1 < len(texts) else ""
        as_value = _VALUE.search(before[-120:] + "\0" + after[:40]) is not None
        if is_harmless(tree, hole) and not (as_value and _unquoted_escape(before, hole)):
            continue
        as_value = as_value or (_ORDERED.search(before) is not None and is_from_parameter(tree, hole))
        outside = is_from_outside(tree, hole)
        own: Severity = "high" if outside or (as_value and _quoted(before)) else "medium" if as_value else "low"
        if worst is None or _ORDER[own] > _ORDER[worst]:
            worst = own
    return worst


_ORDER = {"info": 0, "low": 1, "medium": 2, "high": 3}


def _unquoted_escape(before: str, hole: Argument) -> bool:
    """Say whether the quotes in a value are escaped where none stand around it."""
    return _ESCAPES.search(hole.text) is not None and not before.rstrip("%").endswith(("'", '"'))


def _quoted(before: str) -> bool:
    """Say whether a value stands in quotes, as texts do."""
    return before.rstrip("%").endswith("'") or before.rstrip("%").rstrip('"').rstrip().endswith(("=", "like", "LIKE"))


def _message(built: Built, tree: SyntaxTree) -> str:
    hole = next((each for each in built.holes if not is_harmless(tree, each)), built.holes[0])
    return f"`{' '.join(hole.text.split())[:60]}` is put into the text of a query: it can change what the query does"


def _texts(file: ChangedFile, tree: SyntaxTree, seen: set[str]) -> Iterator[Found]:
    """Find SQL with a value in quotes that is kept under a name; whoever runs it cannot make it right again."""
    for each in assignments(tree):
        if each.target in seen or each.value.kind not in ("interpolated", "concatenated", "call"):
            continue
        if not file.touched(each.line, each.end_line):
            continue
        built = build(tree, each.value)
        if not built.holes or not _SQL.search(built.text) or _severity(tree, built) not in ("high", "medium"):
            continue
        if _ELSEWHERE.search(each.target.rpartition(".")[2]) or not _VALUE.search(built.text):
            continue
        severity = _severity(tree, built)
        yield Found(file.path, each.line, _message(built, tree), each.end_line, _SUGGESTION, severity)


RULE = Rule(
    id="sql-injection",
    family="dangerous-call",
    severity="high",
    title="A value is put into the text of an SQL query",
    explanation=(
        "A quote in the value ends the text it was put into, and what follows is read as SQL. Leave a "
        "placeholder in the "
        "query and pass the value as a parameter; choose names of tables and columns from a fixed list."
    ),
    bad=Example(
        "users.py",
        "def find(cursor, name):\n    cursor.execute(f\"SELECT id FROM users WHERE name = '{name}'\")\n"
        "    return cursor.fetchone()\n",
    ),
    good=Example(
        "users.py",
        'def find(cursor, name):\n    cursor.execute("SELECT id FROM users WHERE name = ?", (name,))\n'
        "    return cursor.fetchone()\n",
    ),
    check=in_code(
        judged(_look),
        (
            "select",
            "insert",
            "update",
            "delete",
            "where",
            "order",
            "create ",
            "drop ",
            "alter ",
            "truncate",
            "exec",
            "raw",
            "sql",
            "having",
            "filter",
            "find",
            "query",
        ),
    ),
)
