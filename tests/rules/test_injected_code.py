"""Data that are run as code, and data that only look like it."""

from __future__ import annotations

import pytest

from localdev.rules.injected.code import RULE
from tests.rules.rows import severities

BAD = [
    ("a.py", "def f(x):\n    return eval(x)\n"),
    ("a.py", "def f(x):\n    exec('import ' + x)\n"),
    ("a.py", "from flask import request\ndef f():\n    getattr(obj, request.args['m'])()\n"),
    ("a.js", "function f(x) { return eval('(' + x + ')'); }\n"),
    ("a.js", "function f(x) { return new Function('a', 'return ' + x); }\n"),
    ("a.js", "const vm = require('vm');\nfunction f(x) { vm.runInNewContext(x); }\n"),
    ("a.js", "function f(x) { setTimeout('run(' + x + ')', 10); }\n"),
    ("a.js", "app.get('/', (req, res) => { handlers[req.query.action](); });\n"),
    ("a.ts", "export function f(x: string) { return (0, eval)(x); }\n"),
    ("a.go", 'package p\nimport "github.com/dop251/goja"\nfunc f(x string) { vm := goja.New(); vm.RunString(x) }\n'),
    ("a.rs", "fn f(engine: &rhai::Engine, x: &str) { engine.eval::<i64>(x); }\n"),
    (
        "A.java",
        'class A { Object f(String x) throws Exception { ScriptEngine engine = m.getEngineByName("js"); '
        "return engine.eval(x); } }\n",
    ),
    ("A.java", "class A { Object f(String x) { return new SpelExpressionParser().parseExpression(x).getValue(); } }\n"),
    (
        "A.java",
        'class A { void doGet(HttpServletRequest req) throws Exception { Class.forName(req.getParameter("c")); } }\n',
    ),
    ("A.java", "class A { Object f(String x) { return new GroovyShell().evaluate(x); } }\n"),
    ("a.c", "void f(lua_State *L, const char *x) { luaL_dostring(L, x); }\n"),
    ("a.cpp", "void f(const char *x) { PyRun_SimpleString(x); }\n"),
    ("a.cs", "class A { async Task F(string x) { await CSharpScript.EvaluateAsync(x); } }\n"),
    ("a.rb", "def f(x)\n  eval(x)\nend\n"),
    ("a.rb", 'def f(x)\n  obj.instance_eval("self.#{x}")\nend\n'),
    ("a.rb", "def f\n  params[:type].constantize.new\nend\n"),
    ("a.rb", "def f\n  user.send(params[:m])\nend\n"),
    ("a.php", "<?php\nfunction f($x) { eval($x); }\n"),
    ("a.php", '<?php\nfunction f($x) { assert("is_int($x)"); }\n'),
    ("a.php", "<?php\n$f = $_GET['f'];\n$f();\n"),
    ("a.php", "<?php\ninclude $_GET['page'] . '.php';\n"),
    ("a.php", "<?php\nfunction f($x, $y) { return preg_replace('/a/e', $x, $y); }\n"),
    ("a.rs", "fn f(lua: &Lua, src: &str) { lua.load(src).exec(); }\n"),
    ("a.cs", 'class A { void F(string x) { PowerShell.Create().AddScript("Get-Item " + x).Invoke(); } }\n'),
    ("a.go", 'package p\nimport "github.com/robertkrimen/otto"\nfunc f(x string) { vm := otto.New(); vm.Run(x) }\n'),
    (
        "A.java",
        "class A { Object f(String x) throws Exception { return new "
        'ScriptEngineManager().getEngineByName("js").eval(x); } }\n',
    ),
    ("a.rb", 'def f(name)\n  self.class.class_eval("def #{name}; end")\nend\n'),
    ("a.php", "<?php\nfunction f($x) { return create_function('$a', \"return $x;\"); }\n"),
]
GOOD = [
    ("a.py", "import ast\ndef f(x):\n    return ast.literal_eval(x)\n"),
    (
        "a.py",
        "def f(model, df, x):\n    model.eval()\n    df.eval(x)\n    self.exec(x)\n    re.compile(x)\n"
        "    eval('1 + 1')\n",
    ),
    ("a.py", "def f(obj, name):\n    return getattr(obj, name)\n"),
    ("a.js", "function f(x) { JSON.parse(x); setTimeout(() => g(x), 10); setTimeout(g, 10); eval('1'); }\n"),
    ("a.js", "const table = {};\nfunction f(name) { table[name](); redis.eval(x); }\n"),
    ("a.ts", "export function f(x: Function) { x.call(1); return page.evaluate(x); }\n"),
    ("a.go", 'package p\nfunc f(x string) { t.Run(x, g); vm.RunString("1+1") }\n'),
    ("a.rs", "fn f(model: &M, x: &T) { model.eval(x); }\n"),
    (
        "A.java",
        'class A { void f(String x) throws Exception { engine.eval("1 + 1"); '
        'Class.forName("java.lang.String"); Class.forName(name); } }\n',
    ),
    ("a.c", 'void f(lua_State *L) { luaL_dostring(L, "x = 1"); dlopen(path, 1); }\n'),
    ("a.cs", "class A { void F(string x) { db.Execute(x); Type.GetType(typeName); } }\n"),
    (
        "a.rb",
        "def f(x)\n  obj.instance_eval(&block)\n  obj.instance_eval { x }\n  obj.send(:name)\n"
        "  obj.send(name)\n  eval('1')\nend\n",
    ),
    (
        "a.php",
        "<?php\nfunction f($x) { assert($x > 1); assert(is_int($x)); include __DIR__ . '/x.php'; "
        "call_user_func($cb, $x); $cb($x); }\n",
    ),
]


@pytest.mark.parametrize(("path", "text"), BAD)
def test_data_that_are_run_are_found(path: str, text: str) -> None:
    """Each language's ways to run a text."""
    assert any(each in ("medium", "high") for each in severities(RULE, path, text))


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_parsers_fixed_texts_and_namesakes_are_left_alone(path: str, text: str) -> None:
    """Fixed texts, blocks, and methods that only share a name."""
    assert severities(RULE, path, text) == []
