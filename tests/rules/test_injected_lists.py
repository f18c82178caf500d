"""Commands behind `sh -c` in lists, and other ways to a shell."""

from __future__ import annotations

import pytest

from localdev.rules.injected import code, deserialising, queries, shell, sql, templates, xml
from tests.rules.changing import findings

RULES = [code.RULE, deserialising.RULE, queries.RULE, shell.RULE, sql.RULE, templates.RULE, xml.RULE]
BAD = [
    (
        "a.go",
        'package p\nimport "golang.org/x/sys/execabs"\n'
        "func f(x string) { l := fmt.Sprintf(\"ls '%s'\", x)\n"
        ' return &command{cmd: execabs.Command("sh", "-c", l)} }\n',
    ),
    (
        "a.go",
        'package p\nimport "os/exec"\n'
        'func f(x string) { c := exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", "ls " + x}}\n'
        " c.Run() }\n",
    ),
    (
        "a.go",
        'package p\nimport "os/exec"\nfunc f(x string) { args := []string{"-c", "ls " + x}\n'
        ' exec.Command("bash", args...).Run() }\n',
    ),
    (
        "a.go",
        'package p\nimport "os/exec"\n'
        'func f(x string) { c := &exec.Cmd{Path: "/bin/bash", Args: []string{"bash", "-c", '
        'fmt.Sprintf("ls %s", x)}, Dir: "/"}\n _ = c }\n',
    ),
    ("a.go", 'package p\nimport "os/exec"\nfunc f(x string) { run("sh", "-c", "ls "+x) }\n'),
    ("a.py", "def f(run, x):\n    run(['bash', '-c', f'ls {x}'])\n"),
    ("a.py", "def f(c, x):\n    c.exec_run(['/bin/sh', '-c', 'ls ' + x])\n"),
    ("a.py", "import os\ndef f(x):\n    os.execvp('sh', ['sh', '-c', 'ls ' + x])\n"),
    ("a.js", "const { run } = require('./run');\nfunction f(x) { return run('sh', ['-c', `ls ${x}`]); }\n"),
    (
        "a.ts",
        "import { $ } from 'x';\n"
        "export function f(d: D, x: string) { return d.exec({ Cmd: ['sh', '-c', `ls ${x}`] }); }\n",
    ),
    (
        "a.rs",
        "use std::process::Command;\n"
        'fn f(x: &str) -> R { Command::new("sh").args(["-c", &format!("ls {x}")]).output() }\n',
    ),
    (
        "a.rs",
        'use std::process::Command;\nfn f(x: &str) { let mut c = Command::new("sh");\n c.arg("-c");\n'
        ' c.arg(format!("ls {}", x));\n c.spawn(); }\n',
    ),
    ("a.rs", 'use duct::cmd;\nfn f(x: &str) { cmd!("sh", "-c", format!("ls {x}")).run(); }\n'),
    ("A.java", 'class A { void f(String x) throws Exception { run(new String[]{"bash", "-c", "ls " + x}); } }\n'),
    (
        "A.java",
        "class A { void f(String x) throws Exception { List<String> c = new ArrayList<>(); "
        'c.add("sh"); c.add("-c"); c.add("ls " + x); new ProcessBuilder(c).start(); } }\n',
    ),
    (
        "a.c",
        'void f(char *x) { char b[99]; snprintf(b, 99, "ls %s", x); char *argv[] = {"sh", "-c", '
        'b, NULL}; execve("/bin/sh", argv, environ); }\n',
    ),
    ("a.cpp", 'void f(const QString &x) { QProcess p; p.start("bash", {"-c", "ls " + x}); }\n'),
    (
        "a.cs",
        'class A { void F(string x) { var i = new ProcessStartInfo("/bin/bash"); '
        'i.ArgumentList.Add("-c"); i.ArgumentList.Add($"ls {x}"); Process.Start(i); } }\n',
    ),
    (
        "a.cs",
        'class A { void F(string x) { var i = new ProcessStartInfo("bash", $"-c \\"ls {x}\\""); '
        "Process.Start(i); } }\n",
    ),
    ("a.rb", "def f(x)\n  system('sh', '-c', \"ls #{x}\")\nend\n"),
    ("a.rb", "require 'open-uri'\ndef f(path)\n  open(path, &:read)\nend\n"),
    ("a.rb", "def f\n  open(params[:url]).read\nend\n"),
    ("a.rb", 'def f(x)\n  IO.read("| ls #{x}")\nend\n'),
    ("a.rb", "def f(x)\n  IO.readlines(params[:f])\nend\n"),
    ("a.rb", 'def f(x)\n  Open3.popen3("git log #{x}") { |i, o, e, t| o.read }\nend\n'),
    ("a.rb", "def f(dir)\n  Dir.chdir(dir) { `git checkout #{@branch}` }\nend\n"),
    ("a.php", "<?php\nfunction f($x) { proc_open(['sh', '-c', \"ls $x\"], [], $p); }\n"),
    ("a.php", "<?php\nfunction f($x) { $p = new Process(['bash', '-c', 'ls ' . $x]); }\n"),
    ("a.php", "<?php\nfunction f($x) { pcntl_exec('/bin/sh', ['-c', \"ls $x\"]); }\n"),
    (
        "a.py",
        "import subprocess, shlex\ndef f(x):\n    cmd = ' '.join(['ls', x])\n    subprocess.call(cmd, shell=True)\n",
    ),
    ("a.py", "import subprocess\ndef f(x):\n    opts = {'shell': True}\n    subprocess.run('ls ' + x, **opts)\n"),
    ("a.py", "import subprocess\ndef f(x, win):\n    subprocess.run('ls ' + x, shell=not win)\n"),
    ("a.py", "from subprocess import *\ndef f(x):\n    check_output('ls ' + x, shell=True)\n"),
    (
        "a.js",
        "const { exec } = require('node:child_process');\nconst p = (x) => new Promise((r) => exec(`ls ${x}`, r));\n",
    ),
    ("a.js", "import shell from 'shelljs';\nexport function f(x) { shell.exec('ls ' + x); }\n"),
    (
        "a.js",
        "import $ from 'zx';\nimport { spawn } from 'child_process';\n"
        "export function f(x) { spawn(`ls ${x}`, { shell: true }); }\n",
    ),
    ("a.js", "import { spawn } from 'child_process';\nexport function f(x) { spawn('ls', [x], { shell: true }); }\n"),
    (
        "a.js",
        "import { spawn } from 'child_process';\n"
        "export function f(x) { spawn('ls', [x], { shell: process.platform === 'win32' }); }\n",
    ),
    ("a.c", 'void f(char *x) { FILE *p = popen(g_strdup_printf("ls %s", x), "r"); }\n'),
    ("a.cpp", 'void f(const fs::path &x) { FILE *p = popen(("ls " + x.string()).c_str(), "r"); }\n'),
    ("a.cpp", 'void f(const std::string &x) { std::string c = fmt::format("ls {}", x); std::system(c.c_str()); }\n'),
    ("A.java", 'class A { void f(String x) throws Exception { Runtime.getRuntime().exec("ls " + x); } }\n'),
]
GOOD = [
    (
        "a.js",
        "import { spawn } from 'child_process';\nexport function f(x) { spawn('sh', ['-c', 'ls \"$1\"', 'sh', x]); }\n",
    ),
    ("a.py", "def f(run, x):\n    run(['bash', 'script.sh', x])\n"),
    ("a.rb", "def f(path)\n  open(path, 'w') { |f| f.write('x') }\nend\n"),
    ("a.rb", "def f(path)\n  File.open(path) { |f| f.read }\nend\n"),
    ("a.rb", "require 'open-uri'\ndef f(p)\n  open(\"https://example.org/#{p}\").read\nend\n"),
    ("a.rb", "require 'open-uri'\ndef f(t)\n  uri = URI.parse(t)\n  uri.open(&:read)\nend\n"),
    (
        "a.go",
        'package p\nimport "os/exec"\n'
        'func f(x string) { c := exec.Cmd{Path: "/bin/ls", Args: []string{"ls", "-l", x}}\n c.Run() }\n',
    ),
    ("a.go", 'package p\nimport "os/exec"\nfunc f(x string) { exec.Command("sh", "-c", "ls \\"$1\\"", "sh", x) }\n'),
    (
        "a.rs",
        "use std::process::Command;\n"
        'fn f(x: &str) -> R { Command::new("sh").args(["-c", "ls \\"$1\\"", "sh", x]).output() }\n',
    ),
    ("a.c", 'void f(char *x) { char *argv[] = {"ls", "-c", x, NULL}; execve("/bin/ls", argv, environ); }\n'),
]


@pytest.mark.parametrize(("path", "text"), BAD)
def test_a_command_in_a_list_is_found(path: str, text: str) -> None:
    """Lists that are written out, filled one by one, or handed to something unknown."""
    assert any(each.severity in ("medium", "high") for each in findings({}, {path: text}, RULES))


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_lists_without_a_shell_are_left_alone(path: str, text: str) -> None:
    """Programs that get their arguments as they are."""
    assert not [each for each in findings({}, {path: text}, RULES) if each.severity in ("medium", "high")]
