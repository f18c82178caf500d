"""Data that are run as code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.dangerous.data import is_from_outside, is_from_request, values_behind
from localdev.rules.dangerous.shell_lines import both, evaluated
from localdev.rules.injected.holes import dangerous, has_text, judged, known, made_as, of_own_file, place
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.built import build
from localdev.source.syntax.calls import Call
from localdev.source.syntax.meanings import meant
from localdev.source.syntax.names import bare
from localdev.source.syntax.scopes import is_fixed, value_of
from localdev.source.syntax.tree import SyntaxTree, text_of
from localdev.source.syntax.values import Argument, kind_of, string_of

# What runs its first argument as code, whatever it is.
_EVALUATORS: dict[str, frozenset[str]] = {
    "python": words("""
        eval exec compile builtins.eval builtins.exec execfile __builtins__.eval .runsource .runcode __builtin__.eval
        numexpr.evaluate
        """),
    "javascript": words("""
        eval Function window.eval globalThis.eval global.eval self.eval vm.runInNewContext vm.runInThisContext
        vm.runInContext vm.Script vm.compileFunction vm.SourceTextModule execScript vm2.VM.run vm2.VMScript VMScript
        safe-eval static-eval notevil eval.call eval.apply $.globalEval jQuery.globalEval .executeJavaScript
        require-from-string safer-eval AsyncFunction GeneratorFunction
        """),
    "go": words("""
        .RunString .RunScript otto.Run otto.Eval .DoString goja.Compile expr.Eval goja.RunString
        govaluate.NewEvaluableExpression
        """),
    "rust": words("""
        .load .eval .eval_expression .eval_with_scope .eval_bound .run_bound PyModule.from_code Python.eval
        """),
    "java": words("""
        ScriptEngine.eval .eval .getEngineByName.eval engine.eval scriptEngine.eval jsEngine.eval nashorn.eval
        GroovyShell.evaluate GroovyShell.parse shell.evaluate groovyShell.evaluate shell.parse groovyShell.parse
        Eval.me groovy.util.Eval.me .parseExpression Ognl.getValue Ognl.setValue Ognl.parseExpression MVEL.eval
        MVEL.executeExpression MVEL.compileExpression .createValueExpression .createMethodExpression
        .evaluateExpressionGet jexl.createExpression jexl.createScript groovyClassLoader.parseClass
        GroovyClassLoader.parseClass Interpreter.eval bsh.eval AviatorEvaluator.execute
        """),
    "c": words("""
        luaL_dostring luaL_loadstring PyRun_SimpleString PyRun_SimpleStringFlags PyRun_String py.exec py.eval
        pybind11.exec pybind11.eval Tcl_Eval duk_eval_string JS_Eval mrb_load_string rb_eval_string
        """),
    "c_sharp": words("""
        CSharpScript.EvaluateAsync CSharpScript.RunAsync CSharpScript.Create .AddScript .CompileAssemblyFromSource
        engine.Execute engine.Evaluate jsEngine.Execute jsEngine.Evaluate .CreateScriptSourceFromString
        CSharpScript.Evaluate VBScript.EvaluateAsync .LoadFromString
        """),
    "ruby": words("""
        eval instance_eval class_eval module_eval Kernel.eval binding.eval .instance_eval .class_eval .module_eval
        Binding.eval Object.class_eval instance_exec RubyVM.InstructionSequence.compile
        """),
    "php": words("eval assert create_function runkit_function_add"),
}
_EVALUATORS["typescript"] = _EVALUATORS["tsx"] = _EVALUATORS["javascript"]
_EVALUATORS["cpp"] = _EVALUATORS["c"]
# What looks up a class, a function or a module by name: only a name from a request is wrong.
_BY_NAME: dict[str, frozenset[str]] = {
    "python": words("getattr importlib.import_module __import__ globals.get locals.get"),
    "javascript": words("require import Reflect.get Reflect.apply"),
    "go": words(".MethodByName plugin.Open"),
    "rust": words("libloading.Library.new Library.new Library.open"),
    "java": words("Class.forName .loadClass .getMethod .getDeclaredMethod System.load System.loadLibrary"),
    "c": words("dlopen LoadLibrary LoadLibraryA LoadLibraryW"),
    "c_sharp": words("""
        Type.GetType Activator.CreateInstance Assembly.Load Assembly.LoadFrom Assembly.LoadFile .GetMethod
        .InvokeMember
        """),
    "ruby": words("""
        .const_get .constantize .safe_constantize .send .public_send .__send__ send public_send Object.const_get
        .method
        """),
    "php": words("""
        call_user_func call_user_func_array include include_once require require_once array_map usort ReflectionClass
        ReflectionFunction
        """),
}
_BY_NAME["typescript"] = _BY_NAME["tsx"] = _BY_NAME["javascript"]
_BY_NAME["cpp"] = _BY_NAME["c"]
_TIMERS = words("setTimeout setInterval window.setTimeout window.setInterval setImmediate globalThis.setTimeout")
# What runs a text in a page that another program drives.
_IN_PAGES = words("evaluate addInitScript evaluateOnNewDocument executeScript executeJavaScript evaluateHandle")
_NO_TEXT = words("""
    block_argument arrow_function function_expression lambda closure_expression lambda_expression anonymous_function
    dictionary object array list number integer true false null
    """)
_ENGINES = re.compile(
    r"(?i)engine|lua|\bjs\b|script|python|\bpy\b|rhai|interp|context|ctx|isolate|shell|groovy|nashorn"
)
# Code that a program keeps beside itself, or has as a tree: it is run on purpose.
_OWN_CODE = re.compile(
    r"compile\(|\.source\b|getsource|__FILE__|__file__|__dirname|__dir__|\bast\b|\bcode_?obj|\btree\b|[Vv]ersion|about"
)
_FILES = re.compile(r"\.read\(|read_text|readFile|File\.read|readAll|ReadAll|file_get_contents|read_to_string|slurp")
_GO_ENGINES = re.compile(r"/(?:otto|yaegi)\b")
_SUGGESTION = "read the data with a parser, or choose what to call from a fixed table"


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find calls that run data as code."""
    own = _defined(tree)
    evaluators, by_name = _EVALUATORS.get(tree.language, frozenset()), _BY_NAME.get(tree.language, frozenset())
    for call in meant(tree):
        line = _line(file, call)
        if not line:
            continue
        severity: Severity | None = None
        if known(evaluators, call) and call.name not in own:
            severity = _of_evaluator(tree, call)
        if severity is None and known(by_name, call):
            severity = _of_lookup(tree, call)
        if severity is None:
            severity = _of_others(tree, call)
        if severity is not None:
            yield Found(file.path, line, _message(call), max(line, call.end_line), _SUGGESTION, severity)


def _line(file: ChangedFile, call: Call) -> int:
    """Give the line to point at, 0 where neither the call nor what it is given is new."""
    if file.touched(call.line, call.end_line):
        return call.line
    named = [each for each in call.arguments[:2] if each.kind == "name"]
    return next((line for each in named if (line := place(file, (call.line, call.end_line), each, ()))), 0)


def _defined(tree: SyntaxTree) -> frozenset[str]:
    """Give the evaluators' names that this file gives to functions of its own."""
    found = re.findall(r"(?:\bdef|\bfunction|\bfunc|\bfn)\s+(eval|exec|compile|assert|Function)\b", tree.text)
    return frozenset(found) | frozenset(re.findall(r"import\s*\{[^}]*\b(compile|exec)\b[^}]*\}", tree.text))


def _message(call: Call) -> str:
    return f"`{call.name.lstrip('.')}` runs what it is given as code: whoever chooses the text chooses what is done"


def _of_evaluator(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge a call that runs its argument as code."""
    plain = [each for each in call.arguments if not each.keyword]
    if call.receiver is not None and not _runs(tree, call):
        return None
    wanted = plain if call.last == "Function" and tree.language in SCRIPT else plain[:1]
    if tree.language in ("c", "cpp") and len(plain) > 1 and not call.name.startswith(("Py", "py", "rb_")):
        wanted = plain[1:2]
    if call.last in ("me", "create_function", "DoString") or (
        tree.language == "php" and call.last == "create_function"
    ):
        wanted = plain[-1:]
    risky = [each for each in wanted if not is_fixed(tree, each) and bare(tree, each.node).type not in _NO_TEXT]
    if not risky or all(value_of(tree, each).node.type in _NO_TEXT for each in risky):
        return None
    return _judged(tree, call, risky)


def _runs(tree: SyntaxTree, call: Call) -> bool:
    """Say whether a method with a common name is one that runs code."""
    if tree.language == "python":
        return call.resolved.startswith(("builtins.", "__builtin", "numexpr.")) or call.last.startswith("run")
    if tree.language == "rust" or (
        tree.language in ("java", "c_sharp")
        and call.last in ("eval", "otto", "load", "evaluate", "Execute", "Evaluate")
    ):
        return _ENGINES.search(call.name + made_as(tree, call)) is not None or _is_engine(tree, call)
    return True


def _is_engine(tree: SyntaxTree, call: Call) -> bool:
    """Say whether the receiver of a method is declared as something that runs scripts."""
    owner = re.escape(call.name.rpartition(".")[0])
    return re.search(rf"\b\w*(?:Script|Engine|Shell|Interpreter|Lua)\w*\s+{owner}\b", tree.text) is not None


def _judged(tree: SyntaxTree, call: Call, risky: list[Argument]) -> Severity | None:
    """Judge what is run."""
    if any(is_from_outside(tree, each) for each in risky):
        return "high"
    if call.last == "assert" and tree.language == "php":
        # With PHP 8 only a text from elsewhere was ever run; a condition is what it is for.
        kind = value_of(tree, risky[0]).kind
        return "high" if kind in ("interpolated", "concatenated") and string_in(tree, risky[0]) else None
    if call.last == "compile" and tree.language == "python":
        return None if _FILES.search(risky[0].text) or len(call.arguments) < 3 else "low"
    built = build(tree, risky[0])
    texts = " ".join(each.text[:400] for argument in risky for each in values_behind(tree, argument))
    told_file = tree.language == "ruby" and call.last.endswith("_eval") and len(call.arguments) > 1
    if told_file or _OWN_CODE.search(texts):
        return "low"
    if _FILES.search(texts):
        return "low" if of_own_file(tree, risky[0]) else "medium"
    if not has_text(built) or dangerous(tree, built):
        return "high" if tree.language not in ("ruby",) or call.last == "eval" else "medium"
    return None


def string_in(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether a sum has a text in it."""
    return has_text(build(tree, argument)) and ('"' in argument.text or "'" in argument.text)


def _of_lookup(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge a call that looks something up by its name."""
    given = [each for each in call.arguments if each.kind != "literal"]
    if tree.language == "python" and call.last == "getattr":
        given = given[1:2] if call.arguments and call.arguments[0].kind != "literal" else given
    if tree.language in ("ruby", "go", "java", "c_sharp", "php") or call.last in ("getattr", "apply"):
        given = given[:2] if call.last in ("Get", "getattr", "apply") else given[:1]
    if call.last in ("constantize", "safe_constantize") and call.receiver is not None:
        given = [Argument(tree, call.receiver)]
    given = [hole for each in given for hole in dangerous(tree, build(tree, each))]
    if any(is_from_request(tree, each) for each in given):
        return "high"
    including = tree.language == "php" and call.last.startswith(("include", "require")) and call.receiver is None
    if including and any(is_from_outside(tree, each) for each in given):
        return "high"
    return None


def _of_others(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge timers that get a text, the `e` of old regular expressions, and functions named by a request."""
    first = call.positional(0)
    if tree.language in SCRIPT and call.last in _IN_PAGES and "." in call.name and first is not None:
        built = build(tree, first)
        return "medium" if has_text(built) and dangerous(tree, built) and first.kind != "other" else None
    if tree.language in SCRIPT and call.last == "run" and "vm2" in tree.text and first is not None:
        return None if is_fixed(tree, first) else "high"
    if tree.language in SCRIPT and call.name in _TIMERS and first is not None:
        value = value_of(tree, first)
        built = build(tree, first)
        return "high" if value.kind in ("interpolated", "concatenated") and has_text(built) and built.holes else None
    if tree.language == "python" and call.last in ("query", "eval") and "pandas" in tree.text and first is not None:
        return "high" if call.receiver is not None and is_from_request(tree, first) else None
    if tree.language == "go" and call.last in ("Run", "Eval") and _GO_ENGINES.search(tree.text) and first is not None:
        return None if is_fixed(tree, first) or "." not in call.name else "high"
    if tree.language == "php" and call.name in ("preg_replace", "mb_ereg_replace") and first is not None:
        pattern = string_of(tree, first.node) or ""
        return "high" if re.fullmatch(r"\s*([^\w\s\\])[\s\S]*\1[a-zA-Z]*e[a-zA-Z]*", pattern) else None
    if (tree.language == "php" and call.name.startswith("$") and "." not in call.name) or tree.language in SCRIPT:
        return _of_computed(tree, call)
    return None


def _of_computed(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge a function that is chosen by a value: `$name()` in PHP, `table[name]()` in JavaScript."""
    called = call.node.child_by_field_name("function") or call.node.child_by_field_name("constructor")
    if called is None or kind_of(tree, called) != "name":
        return None
    index = called.child_by_field_name("index") if called.type == "subscript_expression" else None
    if tree.language == "php" and called.type == "variable_name":
        index = called
    return "high" if index is not None and text_of(index) and is_from_request(tree, Argument(tree, index)) else None


RULE = Rule(
    id="code-execution",
    family="dangerous-call",
    severity="high",
    title="Data are run as code",
    explanation=(
        "Whoever can choose the text that is run can do whatever the program can. Parse data with a parser "
        "(`json`, `ast.literal_eval`), and choose what to call from a fixed table. A fixed text is left alone."
    ),
    bad=Example("calc.py", "def calculate(expression):\n    return eval(expression)\n"),
    good=Example("calc.py", "import ast\n\n\ndef calculate(expression):\n    return ast.literal_eval(expression)\n"),
    check=both(
        in_code(
            judged(_look),
            (
                "eval",
                "exec",
                "[",
                "function",
                "compile",
                "settimeout",
                "setinterval",
                "runin",
                "vm.",
                "getattr",
                "import",
                "forname",
                "loadclass",
                "parseexpression",
                "ognl",
                "lua",
                "pyrun",
                "script",
                "const_get",
                "constantize",
                "send",
                "assert",
                "call_user_func",
                "include",
                "require",
                "preg_replace",
                "dlopen",
                "loadlibrary",
                "methodbyname",
                "plugin.open",
                "gettype",
                "library",
                "dostring",
                "runstring",
                "assembly",
                "getmethod",
                "$",
            ),
        ),
        evaluated,
    ),
)
