"""Data that become objects of any kind, with the code that their making runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.dangerous.data import function_text, is_from_outside
from localdev.rules.injected.holes import judged, known, made_as, of_own_file
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.calls import Call
from localdev.source.syntax.imports import resolved
from localdev.source.syntax.meanings import meant
from localdev.source.syntax.scopes import is_fixed, value_of
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of, walk
from localdev.source.syntax.values import Argument

_LOADERS: dict[str, frozenset[str]] = {
    "python": words("""
        pickle.load pickle.loads cPickle.load cPickle.loads _pickle.load _pickle.loads dill.load dill.loads
        cloudpickle.load cloudpickle.loads marshal.load marshal.loads jsonpickle.decode jsonpickle.loads
        pandas.read_pickle pickle.Unpickler dill.Unpickler yaml.unsafe_load yaml.unsafe_load_all joblib.load yaml.load
        yaml.load_all torch.load numpy.load sklearn.externals.joblib.load shelve.open pickle5.loads
        six.moves.cPickle.loads six.moves.cPickle.load yaml.full_load yaml.full_load_all keras.models.load_model
        tensorflow.keras.models.load_model ruamel.yaml.YAML hickle.load compress_pickle.load
        """),
    "javascript": words("""
        node-serialize.unserialize serialize.unserialize funcster.deepDeserialize cryo.parse
        serialize-to-js.deserialize js-yaml.load js-yaml.loadAll node-serialize.deserialize
        """),
    "java": words("""
        .readObject .readUnshared XMLDecoder java.beans.XMLDecoder .fromXML .enableDefaultTyping
        .activateDefaultTyping .setAutoTypeSupport SerializationUtils.deserialize
        org.apache.commons.lang3.SerializationUtils.deserialize .activateDefaultTypingAsProperty .load .loadAs
        .loadAll .setRegistrationRequired .readClassAndObject .getObject
        """),
    "c_sharp": words(".Deserialize .UnsafeDeserialize SimpleTypeResolver .ReadObject"),
    "ruby": words("""
        Marshal.load Marshal.restore YAML.load YAML.unsafe_load YAML.load_stream Psych.load Psych.unsafe_load
        Oj.object_load Oj.load YAML.load_file YAML.unsafe_load_file Psych.unsafe_load_file JSON.unsafe_load
        """),
    "php": words("unserialize yaml_parse igbinary_unserialize"),
}
_LOADERS["typescript"] = _LOADERS["tsx"] = _LOADERS["javascript"]
_DUMPED = re.compile(r"\b(?:dumps?|dump_s|serialize|Marshal\.dump|to_yaml|YAML\.dump|getvalue)\s*\(")
_FORMATTERS = re.compile(
    r"BinaryFormatter|SoapFormatter|NetDataContractSerializer|LosFormatter|ObjectStateFormatter|JavaScriptSerializer"
)
_NAME_HANDLING = re.compile(r"TypeNameHandling\.(?:All|Auto|Objects|Arrays)")
_GUARDED = re.compile(
    r"setObjectInputFilter|ObjectInputFilter|ValidatingObjectInputStream|resolveClass|allowTypes|allowTypesByWildcard|setupDefaultSecurity|SafeConstructor|LookAheadObjectInputStream|Binder\s*=|SerializationBinder"
)
_LOCAL = re.compile(r"(?i)Rails\.root|__dir__|__FILE__|fixture|\bERB\b|template\.result")
_SUGGESTION = "use a format that holds data only (JSON, `safe_load`), or restrict the types that may be made"


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find calls that make any object out of data."""
    loaders = _LOADERS.get(tree.language, frozenset())
    for call in meant(tree):
        if known(loaders, call) and file.touched(call.line, call.end_line):
            severity = _judged(tree, call)
            if severity is not None:
                message = f"`{call.name.lstrip('.')}` makes any object out of the data, and runs code in doing so"
                yield Found(file.path, call.line, message, call.end_line, _SUGGESTION, severity)
    if tree.language in ("c_sharp", "java"):
        yield from _type_names(file, tree)


def _judged(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge a call by its language."""
    data = call.positional(0)
    if tree.language == "java":
        return _of_java(tree, call)
    if tree.language == "c_sharp":
        return _of_c_sharp(tree, call)
    if data is None or is_fixed(tree, data):
        return None
    behind = data.text + value_of(tree, data).text
    if _DUMPED.search(behind) and "request" not in behind:
        return None
    if of_own_file(tree, data):
        return "low"
    if tree.language == "python":
        return _of_python(tree, call, data)
    if tree.language == "ruby":
        return _of_ruby(tree, call, data, behind)
    if tree.language == "php":
        classes = call.arguments[1].text if len(call.arguments) > 1 else ""
        if "allowed_classes" in classes and "true" not in classes.lower():
            return None
        return "high" if is_from_outside(tree, data) else "medium"
    return "high"


def _of_python(tree: SyntaxTree, call: Call, data: Argument) -> Severity | None:
    """Judge the loaders of Python, some of which are safe when told so."""
    name, given = call.resolved, {each.keyword: each.text for each in call.arguments if each.keyword}
    positional = [each.text for each in call.arguments if not each.keyword]
    outside = is_from_outside(tree, data)
    if name.startswith("yaml."):
        loader = _loader(tree, call)
        if name.startswith("yaml.full_load") or "FullLoader" in loader:
            return "medium" if outside else "low"
        known_unsafe = "Unsafe" in loader or re.fullmatch(r"(?:yaml\.)?C?Loader", loader) is not None
        return "high" if not loader or known_unsafe else None
    if name == "ruamel.yaml.YAML":
        return "high" if given.get("typ", positional[0] if positional else "").strip("'\"") == "unsafe" else None
    if name == "torch.load":
        weights = given.get("weights_only", "")
        return None if weights not in ("", "False") else "medium"
    if name == "numpy.load":
        return "medium" if given.get("allow_pickle") == "True" else None
    if name.endswith("load_model"):
        return "medium" if given.get("safe_mode") == "False" else None
    if name == "shelve.open":
        return "medium" if outside else None
    if call.kind == "new" or call.last == "Unpickler":
        return "high" if outside else "medium"
    return "high" if outside else "medium"


def _loader(tree: SyntaxTree, call: Call) -> str:
    """Give the full name of the loader that a call of YAML names, or what it was made as; empty where it names none."""
    loader = call.keyword("Loader") or call.positional(1)
    if loader is None:
        return ""
    value = value_of(tree, loader)
    return resolved(tree, value.name) if value.kind == "name" else value.text


def _of_ruby(tree: SyntaxTree, call: Call, data: Argument, behind: str) -> Severity | None:
    given = " ".join(each.keyword + each.text for each in call.arguments[1:])
    outside = is_from_outside(tree, data)
    if call.name.startswith(("YAML", "Psych")) and "unsafe" not in call.name:
        if "permitted_classes" in given or "safe" in given:
            return None
        return "high" if outside else "low" if _LOCAL.search(behind) else "medium"
    if call.name.startswith("Oj.load"):
        return None if re.search(r"strict|compat|rails|json|null", given) else "high" if outside else "low"
    return "high" if outside else "medium"


def _of_java(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge Java's ways, most of which are methods with common names."""
    if _GUARDED.search(tree.text):
        return None
    made = made_as(tree, call)
    last = call.last
    if call.kind == "new":
        return "high"
    if last in ("readObject", "readUnshared", "readClassAndObject"):
        both = "ObjectOutputStream" in function_text(call.node)
        return (
            "high"
            if re.search(r"ObjectInput(?:Stream)?\b|Kryo|XMLDecoder", made) and not call.arguments and not both
            else None
        )
    if last == "getObject":
        return "medium" if "ObjectMessage" in tree.text and not call.arguments else None
    if last == "fromXML":
        return "high" if "XStream" in tree.text else None
    if last in ("load", "loadAs", "loadAll"):
        yaml = re.search(r"\bYaml\s*\(", made)
        return (
            "high"
            if yaml
            and "snakeyaml" in tree.text
            and (last != "loadAs")
            and call.arguments
            and not is_fixed(tree, call.arguments[0])
            else None
        )
    if last in ("setAutoTypeSupport", "setRegistrationRequired"):
        wanted = "true" if last == "setAutoTypeSupport" else "false"
        return "high" if call.arguments and call.arguments[0].text == wanted else None
    if last == "deserialize":
        return "high" if call.arguments and not _DUMPED.search(call.arguments[0].text) else None
    validator = call.arguments[0].text if call.arguments else ""
    return (
        "medium" if last != "enableDefaultTyping" and "LaissezFaire" not in validator + _reached(tree, call) else "high"
    )


def _reached(tree: SyntaxTree, call: Call) -> str:
    return value_of(tree, call.arguments[0]).text if call.arguments else ""


def _of_c_sharp(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge the formatters of .NET."""
    if call.kind == "new":
        return "high"
    made = made_as(tree, call) + call.name
    if "JavaScriptSerializer" in made:
        return "high" if "SimpleTypeResolver" in made else None
    return "high" if _FORMATTERS.search(made) and not _GUARDED.search(tree.text) else None


def _type_names(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find settings and annotations that let the data name the types to make."""
    message = "the data name the types that are made of them, and so the code that runs"
    for each in assignments(tree):
        if _NAME_HANDLING.search(each.value.text[:200]) and each.target.endswith("TypeNameHandling"):
            yield Found(file.path, each.line, message, each.end_line, _SUGGESTION)
    for node in walk(tree.root) if "JsonTypeInfo" in tree.text else ():
        if node.type == "annotation" and re.search(r"JsonTypeInfo\b[\s\S]*Id\.(?:MINIMAL_)?CLASS", text_of(node)):
            yield Found(file.path, line_of(node), message, end_line_of(node), _SUGGESTION, "medium")


def _old_js_yaml(change: ReviewedChange) -> bool:
    """Say whether the repository uses the js-yaml whose `load` made functions: below version 4."""
    text = change.sides.new_text("package.json") or ""
    return re.search(r'"js-yaml"\s*:\s*"[\^~>=v]*[0-3]\.', text) is not None


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Look at each file; `load` of js-yaml counts only in its old versions."""
    old: bool | None = None
    for found in _IN_CODE(change):
        file = next(each for each in change.files if each.path == found.path)
        if file.language in SCRIPT and not re.search(r"unserialize|eserialize|`\w+\.parse`", found.message):
            old = _old_js_yaml(change) if old is None else old
            if not old:
                continue
        yield found


_IN_CODE = in_code(
    judged(_look),
    (
        "pickle",
        "load",
        "marshal",
        "serialize",
        "readobject",
        "readunshared",
        "xmldecoder",
        "fromxml",
        "defaulttyping",
        "typenamehandling",
        "jsontypeinfo",
        "shelve",
        "yaml",
        "decode",
        "unpickler",
        "setautotypesupport",
        "getobject",
        "typeresolver",
        "readclassandobject",
    ),
)

RULE = Rule(
    id="unsafe-deserialisation",
    family="dangerous-call",
    severity="high",
    title="Data are turned into objects of any kind",
    explanation=(
        "Formats that name the classes to make (pickle, PHP's and Java's serialisation, YAML with tags, "
        "BinaryFormatter) run "
        "code while they are read. Use a format that holds data only, or restrict the types to a fixed list."
    ),
    bad=Example("session.py", "import pickle\n\n\ndef restore(request):\n    return pickle.loads(request.data)\n"),
    good=Example("session.py", "import json\n\n\ndef restore(request):\n    return json.loads(request.data)\n"),
    check=_check,
)
