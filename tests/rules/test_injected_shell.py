"""Commands for a shell: which hold values, and which are fixed, escaped or run without a shell."""

from __future__ import annotations

import pytest

from localdev.rules.injected.shell import RULE
from tests.rules.changing import findings
from tests.rules.rows import severities

BAD = [
    ("a.py", "import os\ndef f(x):\n    os.system('ls ' + x)\n"),
    ("a.py", "from os import system as s\ndef f(x):\n    s(f'ls {x}')\n"),
    ("a.py", "import subprocess\ndef f(x):\n    subprocess.run(f'ls {x}', shell=True)\n"),
    ("a.py", "import subprocess as sp\ndef f(x):\n    cmd = 'ls %s' % x\n    sp.check_output(cmd, shell=True)\n"),
    ("a.py", "import subprocess\ndef f(x):\n    subprocess.run(['sh', '-c', 'ls {}'.format(x)])\n"),
    ("a.py", "import subprocess\ndef f(cmd):\n    return subprocess.Popen(cmd, shell=True)\n"),
    ("a.py", "import asyncio\nasync def f(x):\n    await asyncio.create_subprocess_shell('ls ' + x)\n"),
    ("a.js", "const { exec } = require('child_process');\nfunction f(x) { exec(`ls ${x}`); }\n"),
    ("a.js", "const cp = require('node:child_process');\nfunction f(x) { const c = 'ls ' + x; cp.execSync(c); }\n"),
    (
        "a.js",
        "import { promisify } from 'util';\nimport { exec } from 'child_process';\n"
        "const run = promisify(exec);\nexport const f = (x) => run('ls ' + x);\n",
    ),
    (
        "a.ts",
        "import { spawn } from 'child_process';\nexport function f(x: string) { spawn('ls ' + x, { shell: true }); }\n",
    ),
    (
        "a.ts",
        "import { spawn } from 'child_process';\nexport function f(x: string) { spawn('sh', ['-c', `ls ${x}`]); }\n",
    ),
    ("a.go", 'package p\nimport "os/exec"\nfunc f(x string) { exec.Command("sh", "-c", "ls "+x).Run() }\n'),
    (
        "a.go",
        'package p\nimport ("fmt"; "os/exec")\nfunc f(x string) {\n\tc := fmt.Sprintf("ls %s", x)\n'
        '\texec.CommandContext(ctx, "bash", "-c", c)\n}\n',
    ),
    (
        "a.rs",
        "use std::process::Command;\n"
        'fn f(x: &str) { Command::new("sh").arg("-c").arg(format!("ls {}", x)).output(); }\n',
    ),
    (
        "a.rs",
        'use std::process::Command;\nfn f(x: &str) {\n let mut c = Command::new("sh");\n c.arg("-c");\n'
        ' c.arg(&format!("ls {x}"));\n}\n',
    ),
    (
        "a.rs",
        "use std::process::Command;\n"
        'fn f(x: &str) { let q = format!("ls {}", x); Command::new("bash").args(["-c", &q]).status(); }\n',
    ),
    ("A.java", 'class A { void f(String x) throws Exception { Runtime.getRuntime().exec("ls " + x); } }\n'),
    (
        "A.java",
        "class A { void f(String x) throws Exception { Runtime rt = Runtime.getRuntime(); rt.exec(new "
        'String[]{"sh", "-c", "ls " + x}); } }\n',
    ),
    (
        "A.java",
        'class A { void f(String x) throws Exception { new ProcessBuilder("bash", "-c", "ls " + x).start(); } }\n',
    ),
    (
        "A.java",
        'class A { void f(String x) throws Exception { new ProcessBuilder(List.of("sh", "-c", '
        'String.format("ls %s", x))).start(); } }\n',
    ),
    ("a.c", 'void f(const char *x) {\n char b[99];\n snprintf(b, sizeof(b), "ls %s", x);\n system(b);\n}\n'),
    (
        "a.c",
        'void f(const char *x) {\n char b[99];\n strcpy(b, "ls ");\n strcat(b, x);\n FILE *p = popen(b, "r");\n}\n',
    ),
    ("a.cpp", 'void f(const std::string &x) { std::system(("ls " + x).c_str()); }\n'),
    ("a.cpp", 'void f(std::string x) { std::string c = "ls " + x; popen(c.c_str(), "r"); }\n'),
    ("a.cs", 'class A { void F(string x) { Process.Start("cmd.exe", "/c dir " + x); } }\n'),
    (
        "a.cs",
        'class A { void F(string x) { var i = new ProcessStartInfo("bash") { Arguments = $"-c \\"ls {x}\\"" }; } }\n',
    ),
    ("a.cs", 'class A { void F(string x) { var i = new ProcessStartInfo("sh", $"-c \'ls {x}\'"); } }\n'),
    ("a.rb", 'def f(x)\n  system("ls #{x}")\nend\n'),
    ("a.rb", "def f(x)\n  `ls #{x}`\nend\n"),
    ("a.rb", 'def f(x)\n  out, status = Open3.capture2e("ls " + x)\nend\n'),
    ("a.php", "<?php\nfunction f($x) { exec('ls ' . $x); }\n"),
    ("a.php", "<?php\nfunction f($x) { $o = `ls $x`; }\n"),
    ("a.php", '<?php\nfunction f($x) { $c = "ls $x"; return shell_exec($c); }\n'),
    ("a.py", "import os\ndef f(cmd):\n    return os.popen(cmd).read()\n"),
    ("a.py", "import asyncio\nasync def f(x):\n    await asyncio.create_subprocess_exec('bash', '-c', x)\n"),
    ("a.js", "const { exec } = require('child_process');\nmodule.exports = (cmd) => exec(cmd);\n"),
    (
        "A.java",
        "class A { void f(String x) throws Exception { ProcessBuilder b = new ProcessBuilder(); "
        'b.command("sh", "-c", x); } }\n',
    ),
    (
        "tools.py",
        "import subprocess\nclass A:\n    def run(self, name):\n"
        "        subprocess.check_call(f'git checkout {name}', shell=True, cwd=self.root)\n",
    ),
    (
        "a.go",
        'package p\nimport "os/exec"\nfunc f(x string) error {\n'
        '\tcmd := exec.Command("/bin/sh", "-c", "tar xf "+x)\n\treturn cmd.Run()\n}\n',
    ),
    (
        "a.go",
        'package p\nimport "os/exec"\nfunc f(x string) error {\n'
        '\tcmd := exec.Command("cmd", "/C", fmt.Sprintf("start %s", x))\n\treturn cmd.Run()\n}\n',
    ),
    (
        "a.rs",
        'use std::process;\nfn f(x: &str) { process::Command::new("sh").args(&["-c", &format!("open {}", '
        "x)]).spawn().unwrap(); }\n",
    ),
    ("a.rs", 'fn f(x: &str) { std::process::Command::new("bash").arg("-c").arg(x).spawn(); }\n'),
    ("a.c", 'void f(const char *x) {\n  char *cmd = malloc(100);\n  sprintf(cmd, "rm %s", x);\n  system(cmd);\n}\n'),
    ("a.c", 'void f(const char *x) { execl("/bin/sh", "sh", "-c", x, NULL); }\n'),
    ("a.cpp", 'void f(std::string x) { std::ostringstream c; c << "rm " << x; system(c.str().c_str()); }\n'),
    ("a.cpp", 'void f(const QString &x) { system(QString("rm %1").arg(x).toUtf8().constData()); }\n'),
    (
        "a.cs",
        'class A { void F(string x) { var p = new Process(); p.StartInfo.FileName = "/bin/bash"; '
        'p.StartInfo.Arguments = "-c \\"" + x + "\\""; p.Start(); } }\n',
    ),
    (
        "a.cs",
        'class A { void F(string x) { Process.Start(new ProcessStartInfo { FileName = "cmd.exe", '
        'Arguments = "/c " + x }); } }\n',
    ),
    ("a.rb", 'def f(x)\n  IO.popen("ls #{x}") { |io| io.read }\nend\n'),
    ("a.rb", "def f(x)\n  %x(git log #{x})\nend\n"),
    ("a.rb", 'def f(x)\n  open("| ls #{x}")\nend\n'),
    ("a.php", '<?php\nclass A { function f($x) { $out = []; exec("convert {$x} out.png", $out); } }\n'),
    ("a.php", '<?php\nfunction f($x) { $p = Process::fromShellCommandline("ls $x"); }\n'),
    (
        "A.java",
        'class A { void f(String x) throws Exception { String[] c = {"/bin/sh", "-c", "ls " + x}; '
        "Runtime.getRuntime().exec(c); } }\n",
    ),
    (
        "A.java",
        'class A { void f(String x) throws Exception { List<String> c = Arrays.asList("sh", "-c", "ls " + '
        "x); new ProcessBuilder(c).start(); } }\n",
    ),
    (
        "a.ts",
        'import * as cp from "child_process";\n'
        'export const f = (b: string) => cp.execSync(`git checkout ${b}`, { cwd: "." }).toString();\n',
    ),
    (
        "a.js",
        'const util = require("util");\nconst exec = util.promisify(require("child_process").exec);\n'
        'async function f(x) { await exec("ls " + x); }\n',
    ),
    (
        "a.js",
        'import { execaCommand } from "execa";\nexport const f = (x) => execaCommand(`ls ${x}`, { shell: true });\n',
    ),
]
GOOD = [
    ("a.py", "import os\nos.system('ls -l')\n"),
    ("a.py", "import subprocess\ndef f(x):\n    subprocess.run(['ls', x])\n"),
    ("a.py", "import subprocess\ndef f(x):\n    subprocess.run(f'ls {x}'.split(), shell=False)\n"),
    ("a.py", "import os, shlex\ndef f(x):\n    os.system('ls ' + shlex.quote(x))\n"),
    ("a.py", "import os\nFOLDER = '/tmp'\ndef f():\n    os.system(f'ls {FOLDER}')\n"),
    ("a.py", "import os\ndef f(n: int):\n    os.system(f'sleep {n}')\n"),
    ("a.py", "def f(system, x):\n    self.system('ls ' + x)\n    system('ls ' + x)\n"),
    ("a.js", "const m = /x/.exec('a' + b);\nrequire('child_process').exec('ls -l');\n"),
    ("a.js", "const { execFile } = require('child_process');\nfunction f(x) { execFile('ls', [x]); }\n"),
    (
        "a.ts",
        "import { spawn } from 'child_process';\n"
        "export function f(x: string) { spawn('ls', ['-l', x], { shell: false }); }\n",
    ),
    (
        "a.go",
        'package p\nimport "os/exec"\n'
        'func f(x string) { exec.Command("ls", "-l", x).Run(); exec.Command("sh", "-c", "ls") }\n',
    ),
    (
        "a.rs",
        "use std::process::Command;\n"
        'fn f(x: &str) { Command::new("ls").arg("-l").arg(x).output(); '
        'Command::new("sh").arg("-c").arg("ls").output(); }\n',
    ),
    (
        "A.java",
        'class A { void f(String x) throws Exception { new ProcessBuilder("ls", x).start(); '
        'Runtime.getRuntime().exec(new String[]{"ls", x}); } }\n',
    ),
    ("a.c", 'void f(int n) {\n char b[99];\n snprintf(b, sizeof(b), "sleep %d", n);\n system(b);\n system("ls");\n}\n'),
    (
        "a.cs",
        'class A { void F(string x) { var i = new ProcessStartInfo("ls"); i.ArgumentList.Add(x); '
        'Process.Start("cmd.exe", "/c dir"); } }\n',
    ),
    (
        "a.rb",
        'def f(x)\n  system("ls", x)\n  Open3.capture2("ls", x)\n  system("ls #{Shellwords.escape(x)}")\n  `ls`\nend\n',
    ),
    ("a.php", "<?php\nfunction f($x) { exec('ls ' . escapeshellarg($x)); exec('ls'); $db->exec('ls ' . $x); }\n"),
]


@pytest.mark.parametrize(("path", "text"), BAD)
def test_a_value_in_a_command_is_found(path: str, text: str) -> None:
    """Each language's ways to a shell, with a value in the command."""
    assert any(each in ("medium", "high") for each in severities(RULE, path, text))


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_fixed_escaped_and_listed_commands_are_left_alone(path: str, text: str) -> None:
    """The same calls where nothing can be injected."""
    assert severities(RULE, path, text) == []


def test_only_what_is_new_counts() -> None:
    """A dangerous call that was there before is no finding of this change."""
    old = "import os\ndef f(x):\n    os.system('ls ' + x)\n"
    assert severities(RULE, "a.py", old + "print(1)\n", old) == []


def test_a_command_built_anew_for_an_old_call_is_found() -> None:
    """The line that is new is pointed at, though the call itself is as it was."""
    old = "import os\ndef f(x):\n    cmd = 'ls'\n    os.system(cmd)\n"
    new = old.replace("'ls'", "'ls ' + x")
    assert [each.line for each in findings({"a.py": old}, {"a.py": new}, [RULE])] == [3]


def test_a_finding_answered_for_another_tool_is_a_remark() -> None:
    """Who wrote `nosec` has looked at it."""
    assert severities(RULE, "a.py", "import os\ndef f(x):\n    os.system('ls ' + x)  # nosec\n") == ["low"]
