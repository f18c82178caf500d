"""Commands that Ruby and PHP hand to a shell: backquotes, blocks, modes and environments beside them, and checks."""

from __future__ import annotations

import pytest

from localdev.rules.injected.shell import RULE
from tests.rules.changing import findings
from tests.rules.rows import severities

_PHP = "<?php\nfunction f($x) {\n    "
_RUBY = "def f(x)\n  "
BAD = [
    ("a.php", _PHP + "$out = `git -C $x log`;\n    if (preg_match('{^a$}', $out, $m)) { return $m; }\n}\n"),
    ("a.php", _PHP + "$out = shell_exec('ls ' . $x);\n    return ctype_digit($out) ? 1 : 0;\n}\n"),
    ("a.php", _PHP + "exec(\"ls $x\", $lines);\n    return in_array('a', $lines);\n}\n"),
    ("a.php", _PHP + "$out = `ls {$x}`;\n    return isset(self::NAMES[$out]);\n}\n"),
    ("a.php", _PHP + "if (isset($this->seen[$x])) { return 1; }\n    return $this->seen[$x] = `ls $x`;\n}\n"),
    ("a.php", _PHP + 'if (!isset(self::$c[$x])) { self::$c[$x] = shell_exec("ls $x"); }\n}\n'),
    ("a.rb", _RUBY + "out = `ls #{x}`\n  out =~ /^a/ ? 1 : 0\nend\n"),
    ("a.rb", _RUBY + "out = %x(ls #{x})\n  NAMES.include?(out)\nend\n"),
    ("a.rb", _RUBY + 'IO.popen("ls #{x}", &:read).strip\nend\n'),
    ("a.rb", _RUBY + 'IO.popen("ls #{x}", "r") { |io| io.read }\nend\n'),
    ("a.rb", _RUBY + 'IO.popen({ "A" => "b" }, "ls #{x}", "r+")\nend\n'),
    ("a.rb", _RUBY + 'IO.popen("ls #{x}", err: File::NULL, &:read)\nend\n'),
    ("a.rb", _RUBY + 'env = { "A" => "b" }\n  system(env, "ls #{x}")\nend\n'),
    ("a.rb", _RUBY + 'Open3.popen3("ls #{x}", &handler)\nend\n'),
    ("a.rb", _RUBY + 'spawn("ls #{x}", { out: :err })\nend\n'),
    ("a.rb", _RUBY + 'flags = x.map { |k, v| "--#{k}=#{v}" }.join(\' \')\n  IO.popen("a #{flags}", &:read)\nend\n'),
    ("a.py", "import os\ndef f(x):\n    out = os.popen('ls ' + x).read()\n    return out in ALLOWED\n"),
    (
        "a.go",
        'package a\nimport "os/exec"\nfunc f(x string) { if v, ok := cache[x]; ok { return v }\n'
        'cache[x] = 1\nexec.Command("sh", "-c", "ls "+x).Run() }\n',
    ),
]
GOOD = [
    ("a.php", _PHP + "if (!isset(self::NAMES[$x])) { return; }\n    return `ls $x`;\n}\n"),
    ("a.php", _PHP + "$y = trim($x);\n    if (!in_array($y, self::NAMES)) { return; }\n    return `ls $y`;\n}\n"),
    ("a.php", _PHP + "if (!preg_match('/^\\w+$/', $x)) { return; }\n    return `ls $x`;\n}\n"),
    ("a.php", _PHP + "return `git branch -v`;\n}\n"),
    ("a.php", _PHP + "$y = escapeshellarg($x);\n    return `ls $y`;\n}\n"),
    ("a.rb", _RUBY + 'IO.popen(["ls", x], &:read)\nend\n'),
    ("a.rb", _RUBY + 'IO.popen({ "A" => x }, ["ls", x], "r")\nend\n'),
    ("a.rb", _RUBY + 'system({ "A" => x }, "ls", x)\nend\n'),
    ("a.rb", _RUBY + 'env = { "A" => x }\n  system(env, "ls", x)\nend\n'),
    ("a.rb", _RUBY + 'IO.popen("ls", &:read)\nend\n'),
    ("a.rb", _RUBY + "return unless NAMES.include?(x)\n  `ls #{x}`\nend\n"),
    ("a.rb", _RUBY + "`ls #{Shellwords.escape(x)}`\nend\n"),
]


@pytest.mark.parametrize(("path", "text"), BAD)
def test_values_in_a_command_are_found_whatever_is_done_with_what_it_prints(path: str, text: str) -> None:
    """A check of the output, or of a table that is filled with it, checks no value."""
    assert set(severities(RULE, path, text)) & {"high", "medium"}


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_checked_values_and_lists_are_left_alone(path: str, text: str) -> None:
    """Compared before with what is known, escaped, or given to a program without a shell."""
    assert not findings({}, {path: text}, [RULE])
