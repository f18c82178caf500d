"""Calls that go by other names: modules and functions kept under names, in tables, or sent."""

from __future__ import annotations

import pytest

from localdev.rules.injected import code, deserialising, queries, shell, sql, templates, xml
from tests.rules.changing import findings

RULES = [code.RULE, deserialising.RULE, queries.RULE, shell.RULE, sql.RULE, templates.RULE, xml.RULE]
BAD = [
    (
        "a.py",
        "import json, pickle\ndef f(p, x):\n    codec = pickle if p.endswith('.pkl') else json\n"
        "    return codec.load(x)\n",
    ),
    (
        "a.py",
        "import json, pickle\ndef f(p, x):\n    if p:\n        load = pickle.loads\n    else:\n"
        "        load = json.loads\n    return load(x)\n",
    ),
    (
        "a.py",
        "import json, pickle\nLOADERS = {'p': pickle.loads, 'j': json.loads}\ndef f(p, x):\n    return LOADERS[p](x)\n",
    ),
    ("a.py", "import pickle\ndef f(p, x):\n    return getattr(pickle, 'loads')(x)\n"),
    ("a.py", "import os, threading\ndef f(p, x):\n    threading.Thread(target=os.system, args=('ls ' + x,)).start()\n"),
    ("a.py", "import os, asyncio\nasync def f(p, x):\n    await asyncio.to_thread(os.system, 'ls ' + x)\n"),
    ("a.py", "import subprocess\nrun = subprocess.run\ndef f(x):\n    run('ls ' + x, shell=True)\n"),
    ("a.py", "import yaml\nload = yaml.load\ndef f(x):\n    return load(x)\n"),
    (
        "a.rb",
        "def f(body)\n  loader = YAML.respond_to?(:unsafe_load) ? :unsafe_load : :load\n"
        "  YAML.public_send(loader, body)\nend\n",
    ),
    ("a.rb", "def f(body)\n  Marshal.send(:load, body)\nend\n"),
    ("a.rb", "def f(body)\n  YAML.method(:unsafe_load).call(body)\nend\n"),
    ("a.rb", "def f(body)\n  codec = body ? Marshal : JSON\n  codec.load(body)\nend\n"),
    ("a.rb", 'def f(x)\n  Kernel.send(:system, "ls #{x}")\nend\n'),
    ("a.php", "<?php\nfunction f($x) { $f = 'unserialize'; return $f($x); }\n"),
    ("a.php", "<?php\nfunction f($x) { return call_user_func('system', 'ls ' . $x); }\n"),
    ("a.php", "<?php\nfunction f($x, $j) { $d = $j ? 'json_decode' : 'unserialize'; return $d($x); }\n"),
    ("a.js", "const cp = require('child_process');\nfunction f(x) { const run = cp.exec; run('ls ' + x); }\n"),
    (
        "a.js",
        "const {exec, execFile} = require('child_process');\nconst runners = { a: exec };\n"
        "function f(k, x) { runners[k]('ls ' + x); }\n",
    ),
    ("a.js", "function f(x) { const run = window.x ? eval : g; return run(x); }\n"),
    (
        "a.ts",
        "import * as cp from 'node:child_process';\nconst ex = cp.execSync;\n"
        "export function f(x: string) { return ex(`ls ${x}`); }\n",
    ),
    (
        "a.go",
        'package p\nimport "os/exec"\nvar command = exec.Command\n'
        'func f(x string) { command("sh", "-c", "ls " + x).Run() }\n',
    ),
]
GOOD = [
    (
        "a.py",
        "import json, tomllib\ndef f(p, x):\n    codec = tomllib if p.endswith('.toml') else json\n"
        "    return codec.load(x)\n",
    ),
    ("a.py", "LOADERS = {'j': json.loads, 't': tomllib.loads}\ndef f(p, x):\n    return LOADERS[p](x)\n"),
    ("a.py", "def f(pickle, x):\n    load = pickle.loads\n    return load(x)\n"),
    ("a.rb", "def f(obj, body)\n  obj.send(:load, body)\n  JSON.public_send(:parse, body)\nend\n"),
    ("a.php", "<?php\nfunction f($x, $j) { $d = $j ? 'json_decode' : 'trim'; return $d($x); }\n"),
    ("a.php", "<?php\nfunction f($x) { return call_user_func('trim', $x) . array_map('intval', $x)[0]; }\n"),
    ("a.js", "const cp = require('child_process');\nfunction f(x) { const run = cp.execFile; run('ls', [x]); }\n"),
    ("a.js", "function f(x) { const run = JSON.parse; return run(x); }\n"),
    ("a.go", 'package p\nimport "os/exec"\nvar command = exec.Command\nfunc f(x string) { command("ls", x).Run() }\n'),
]


@pytest.mark.parametrize(("path", "text"), BAD)
def test_a_call_under_another_name_is_found(path: str, text: str) -> None:
    """What a name stands for is called, however it is written."""
    assert any(each.severity in ("medium", "high") for each in findings({}, {path: text}, RULES))


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_what_only_shares_a_name_is_left_alone(path: str, text: str) -> None:
    """Harmless functions under names of their own."""
    assert not [each for each in findings({}, {path: text}, RULES) if each.severity in ("medium", "high")]
