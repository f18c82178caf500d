"""Commands that a shell reads, put together out of values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import is_from_outside, is_from_request
from localdev.rules.injected.holes import dangerous, has_text, judged, known, origin, place
from localdev.rules.injected.shell_lists import after_flag, given_to, in_lists, is_shell, members, names_shell, of_rust
from localdev.rules.places import is_script
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.built import build
from localdev.source.syntax.calls import Call
from localdev.source.syntax.meanings import meant
from localdev.source.syntax.scopes import reaching, value_of
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of
from localdev.source.syntax.values import Argument, members_of, string_of

# What always hands its first argument to a shell, by language.
_SHELLS: dict[str, frozenset[str]] = {
    "python": words("""
        os.system os.popen os.popen2 os.popen3 os.popen4 commands.getoutput commands.getstatusoutput
        subprocess.getoutput subprocess.getstatusoutput asyncio.create_subprocess_shell popen2.popen2 popen2.popen3
        .create_subprocess_shell .subprocess_shell .exec_command pexpect.runu
        """),
    "javascript": words("""
        child_process.exec child_process.execSync shelljs.exec shell.exec execa.command execa.commandSync
        child_process.promises.exec execaCommand execaCommandSync execa.execaCommand execa.execaCommandSync
        """),
    "c": words("""
        system popen _popen _wsystem _wpopen WinExec std.system g_spawn_command_line_sync boost.process.system
        """),
    "ruby": words("""
        system exec spawn IO.popen Open3.capture2 Open3.capture2e Open3.capture3 Open3.popen2 Open3.popen3
        Open3.popen2e Kernel.system Kernel.exec Kernel.spawn Process.spawn PTY.spawn Kernel.` `
        Open3.pipeline .exec! ssh.exec
        """),
    "php": words("exec shell_exec system passthru popen proc_open ` Process.fromShellCommandline"),
}
_SHELLS["typescript"] = _SHELLS["tsx"] = _SHELLS["javascript"]
_SHELLS["cpp"] = _SHELLS["c"]
# What takes a program and its arguments, and is dangerous where the program is a shell.
_PROGRAMS: dict[str, frozenset[str]] = {
    "python": words("""
        subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen os.execl
        os.execlp os.execv os.execvp os.spawnl os.spawnlp os.spawnv os.spawnvp asyncio.create_subprocess_exec
        asyncio.subprocess.create_subprocess_exec .subprocess_exec os.execle os.execve pexpect.spawn
        """),
    "javascript": words("""
        child_process.spawn child_process.spawnSync child_process.execFile child_process.execFileSync execa execa.sync
        cross-spawn spawn execa.execa Bun.spawn Bun.spawnSync
        """),
    "go": words("""
        os/exec.Command os/exec.CommandContext syscall.Exec exec.Command exec.CommandContext
        golang.org/x/sys/execabs.Command golang.org/x/sys/execabs.CommandContext execabs.Command execabs.CommandContext
        """),
    "rust": words("Command.new std.process.Command.new tokio.process.Command.new"),
    "java": words(".exec ProcessBuilder .command CommandLine.parse"),
    "c": words("""
        execl execlp execle execv execvp execvpe _execl ShellExecute ShellExecuteA ShellExecuteW ShellExecuteEx
        """),
    "c_sharp": words("""
        Process.Start System.Diagnostics.Process.Start ProcessStartInfo System.Diagnostics.ProcessStartInfo
        """),
    "ruby": words("""
        system exec spawn IO.popen Open3.capture2 Open3.capture2e Open3.capture3 Open3.popen3 Process.spawn
        """),
    "php": words("Process Symfony.Component.Process.Process proc_open pcntl_exec"),
}
_PROGRAMS["typescript"] = _PROGRAMS["tsx"] = _PROGRAMS["javascript"]
_PROGRAMS["cpp"] = _PROGRAMS["c"]
_RUBY_OWNERS = words("Kernel Open3 IO Process PTY ssh")
_OPENS = words("open Kernel.open URI.open")
_PIPES = _OPENS | words("IO.read IO.readlines IO.foreach IO.binread IO.write IO.binwrite")
_RUNTIME = re.compile(r"(?:^|\.)(?:getRuntime|rt|runtime|Runtime)\.exec$")
_SUGGESTION = "give the program and its arguments as a list without a shell, or escape the value for the shell"
_CONFIGURED = re.compile(r"(?i)settings|config|\bconf\b|option|\bargs?\.|\bopts?\b|environ|getenv")


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find commands for a shell that hold values."""
    shells, programs = _SHELLS.get(tree.language, frozenset()), _PROGRAMS.get(tree.language, frozenset())
    shell_named = names_shell(tree)
    seen: set[int] = set()
    for call in meant(tree):
        command = _of_shell(tree, call) if known(shells, call) else None
        if command is None:
            command = _of_program(tree, call) if known(programs, call) else _of_other(tree, call, shell_named)
        if tree.language == "ruby" and call.name in _PIPES:
            yield from _of_pipe(file, tree, call)
        elif command is not None:
            seen.add(command.node.id)
            yield from _judged(file, (call.line, call.end_line), command, chosen=call.last == "exec_command")
    for node, command in in_lists(tree) if shell_named else ():
        if command.node.id not in seen:
            seen.add(command.node.id)
            yield from _judged(file, (line_of(node), end_line_of(node)), command, chosen=True)
    if tree.language == "c_sharp":
        yield from _start_infos(file, tree)


def _of_pipe(file: ChangedFile, tree: SyntaxTree, call: Call) -> Iterator[Found]:
    """Find names of files that Ruby runs as a command where they begin with `|`."""
    name = call.positional(0)
    if name is None or not file.touched(call.line, call.end_line):
        return
    built = build(tree, name)
    holes = dangerous(tree, built)
    if not holes or not built.text.lstrip().startswith(("|", "\0")):
        return
    severity: Severity = "high" if "|" in built.text[:2] or origin(tree, holes) == "high" else "low"
    if severity == "low" and (call.name not in _OPENS or _has_mode(call)):
        # With a mode, or by a method of reading, it is a file as a rule.
        return
    if severity == "low" and "open-uri" in tree.text and call.name != "URI.open":
        severity = "medium"
    message = f"`{call.name}` runs `{_short(holes[0])}` as a command when it begins with `|`"
    suggestion = "use `File.open` for files, and `URI.parse(...).open` for addresses"
    yield Found(file.path, call.line, message, call.end_line, suggestion, severity)


def _has_mode(call: Call) -> bool:
    """Say whether a file is opened in some mode, and not merely handed to a block."""
    mode = call.positional(1)
    return mode is not None and mode.node.type != "block_argument"


def _of_other(tree: SyntaxTree, call: Call, shell_named: bool) -> Argument | None:
    """Give the command of any other call that is told to use a shell."""
    if tree.language == "python" and call.keyword("shell") is not None and call.arguments:
        return _of_python(tree, call)
    return after_flag(tree, given_to(tree, call)) if shell_named else None


def _of_python(tree: SyntaxTree, call: Call) -> Argument | None:
    """Give the command of a call of Python with `shell=`; a list counts only where that is certain."""
    shell, command = call.keyword("shell"), call.keyword("args") or call.positional(0)
    spread = next((each for each in call.arguments if each.node.type == "dictionary_splat"), None)
    if shell is None and spread is not None:
        value = value_of(tree, Argument(tree, spread.node.named_children[0]))
        shell = members_of(tree, value.node).get("shell")
    if shell is None or command is None or shell.text in ("False", "0", "None"):
        return None
    certain = shell.text in ("True", "1")
    return command if certain or value_of(tree, command).node.type not in ("list", "tuple") else None


def _of_shell(tree: SyntaxTree, call: Call) -> Argument | None:
    """Give the command of a call that always uses a shell."""
    plain = [each for each in call.arguments if not each.keyword]
    if tree.language == "ruby" and call.name != "`":
        return _of_ruby(tree, call, plain)
    if tree.language == "c" and call.receiver is not None:
        return None
    if tree.language == "php" and call.receiver is not None and "fromShell" not in call.name:
        return None
    if call.last == "proc_open" and plain and plain[0].node.type == "array_creation_expression":
        return None
    if call.last == "subprocess_shell":
        plain = plain[1:]
    return plain[0] if plain else call.keyword("args") or call.keyword("cmd")


def _of_ruby(tree: SyntaxTree, call: Call, plain: list[Argument]) -> Argument | None:
    """Give the command of a call of Ruby; with arguments of its own a program is run without a shell."""
    if call.receiver is not None and text_of(call.receiver) not in _RUBY_OWNERS:
        return None
    # A block may stand last, a mode behind a command that is opened, and an environment first.
    given = [each for each in plain if each.node.type != "block_argument"]
    if given and (given[0].node.type == "hash" or given[0].text.startswith("ENV") or _is_environment(tree, given[0])):
        given = given[1:]
    if len(given) == 2 and (given[1].node.type == "hash" or call.name == "IO.popen"):
        given = given[:1]
    return given[0] if len(given) == 1 and given[0].node.type not in ("array", "splat_argument") else None


def _is_environment(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether a name was given a hash."""
    return argument.kind == "name" and value_of(tree, argument).node.type == "hash"


def _of_program(tree: SyntaxTree, call: Call) -> Argument | None:
    """Give the command of a call whose program is a shell, or that is told to use one."""
    plain = [each for each in call.arguments if not each.keyword]
    if tree.language == "python":
        command = _of_python(tree, call)
        if command is not None or call.keyword("shell") is not None:
            return command
    if tree.language in ("javascript", "typescript", "tsx") and plain and _asks_shell(tree, plain[-1]):
        return plain[0] if len(plain) < 3 else _both(tree, plain)
    if tree.language == "java" and not _is_java(tree, call):
        return None
    if tree.language == "rust":
        return of_rust(tree, call)
    given = [each for argument in plain for each in members(tree, argument)]
    chosen = given[0] if given and is_from_request(tree, given[0]) else None
    return after_flag(tree, given) or _single(tree, call, plain) or chosen


def _both(tree: SyntaxTree, plain: list[Argument]) -> Argument:
    """Give the one of program and arguments that holds values."""
    return plain[1] if build(tree, plain[1]).holes else plain[0]


def _single(tree: SyntaxTree, call: Call, plain: list[Argument]) -> Argument | None:
    """Give a command line that is taken as one text: `Runtime.exec`, and the arguments of a shell in C#."""
    if tree.language == "java" and call.last == "exec" and plain:
        built = build(tree, plain[0])
        return plain[0] if has_text(built) and built.holes and value_of(tree, plain[0]).kind != "other" else None
    if tree.language == "c_sharp" and len(plain) > 1:
        return plain[1] if is_shell(string_of(tree, value_of(tree, plain[0]).node)) else None
    return None


def _is_java(tree: SyntaxTree, call: Call) -> bool:
    """Say whether `exec` is that of the runtime, and `command` that of a process builder."""
    if call.kind == "new":
        return True
    found = reaching(tree, call.receiver) if call.receiver is not None else ()
    made = " ".join(each.value.text for each in found) + call.name
    return (
        "ProcessBuilder" in made
        if call.last == "command"
        else "untime" in made or _RUNTIME.search(call.name) is not None
    )


def _asks_shell(tree: SyntaxTree, argument: Argument) -> bool:
    shell = members_of(tree, value_of(tree, argument).node).get("shell")
    return shell is not None and shell.text not in ("false", "undefined", "null")


def _judged(file: ChangedFile, lines: tuple[int, int], command: Argument, *, chosen: bool) -> Iterator[Found]:
    """Say whether a command holds values that matter, and how much; `chosen` where all of it is a user's as a rule."""
    tree = command.tree
    built = build(tree, command)
    holes = dangerous(tree, built)
    if not holes:
        return
    severity: Severity = origin(tree, holes)
    if has_text(built):
        severity = "high"
    elif severity != "high" and (chosen or _CONFIGURED.search(command.text) or is_script(file.path)):
        # Nothing is known of the command: whoever runs or configures the program decides.
        severity = "low"
    if severity == "high" and is_script(file.path) and not any(is_from_outside(tree, hole) for hole in holes):
        severity = "medium"
    line = place(file, lines, command, built.holes)
    if line:
        message = f"`{_short(holes[0])}` is put into a command that a shell reads: it can run any other command"
        yield Found(file.path, line, message, max(line, lines[1]), _SUGGESTION, severity)


def _short(hole: Argument) -> str:
    return " ".join(hole.text.split())[:60]


def _start_infos(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find `Arguments = "/c ..."` of a process that is a shell in C#."""
    for each in assignments(tree):
        if each.target.rpartition(".")[2] != "Arguments":
            continue
        built = build(tree, each.value)
        holes = dangerous(tree, built)
        if holes and re.match(r"\s*(?:/[cCkK]|-l?c|-Command|-NoProfile)\b", built.text):
            message = f"`{_short(holes[0])}` is put into a command that a shell reads: it can run any other command"
            yield Found(file.path, each.line, message, each.end_line, _SUGGESTION)


RULE = Rule(
    id="shell-injection",
    family="dangerous-call",
    severity="high",
    title="A value is put into a command that a shell reads",
    explanation=(
        "A shell reads `;`, `|`, `$(...)` and quotes in a value as part of the command, so whoever "
        "chooses the value chooses "
        "what runs. Run the program with a list of arguments and without a shell, or escape the value for the shell."
    ),
    bad=Example("backup.py", 'import os\n\n\ndef backup(folder):\n    os.system("tar czf backup.tgz " + folder)\n'),
    good=Example(
        "backup.py",
        "import subprocess\n\n\ndef backup(folder):\n"
        '    subprocess.run(["tar", "czf", "backup.tgz", "--", folder], check=True)\n',
    ),
    check=in_code(
        judged(_look),
        (
            "system",
            "open",
            "io.",
            "popen",
            "exec",
            "spawn",
            "subprocess",
            "getoutput",
            "command",
            "process",
            "`",
            "%x",
            "capture",
            "passthru",
            *('-c"', "-c'", '/c"', "shell="),
        ),
    ),
)
