"""Commands that a shell reads, put together out of values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import is_from_outside, is_from_request
from localdev.rules.injected.holes import dangerous, has_text, judged, known, origin, place
from localdev.rules.places import is_script
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.built import build
from localdev.source.syntax.calls import Call, call_of, calls
from localdev.source.syntax.names import bare
from localdev.source.syntax.scopes import reaching, value_of
from localdev.source.syntax.tree import SyntaxTree, text_of
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
        Open3.popen2e Kernel.system open Kernel.open Kernel.exec Kernel.spawn Process.spawn PTY.spawn Kernel.` `
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
    "go": words("os/exec.Command os/exec.CommandContext syscall.Exec exec.Command exec.CommandContext"),
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
_SHELL_NAME = re.compile(
    r"^(?:.*[/\\])?(?:ba|z|k|c|da|a|fi)?sh(?:\.exe)?$|^(?:.*[/\\])?(?:cmd|powershell|pwsh)(?:\.exe)?$", re.IGNORECASE
)
_FLAG = re.compile(r"^(?:-\w*c|/[cCkK]|-Command|-command|-lc)$")
_RUNTIME = re.compile(r"(?:^|\.)(?:getRuntime|rt|runtime|Runtime)\.exec$")
_SUGGESTION = "give the program and its arguments as a list without a shell, or escape the value for the shell"
_CONFIGURED = re.compile(r"(?i)settings|config|\bconf\b|option|\bargs?\.|\bopts?\b|environ|getenv")


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find commands for a shell that hold values."""
    shells, programs = _SHELLS.get(tree.language, frozenset()), _PROGRAMS.get(tree.language, frozenset())
    for call in calls(tree):
        command = None
        if known(shells, call):
            command = _of_shell(tree, call)
        if command is None and known(programs, call):
            command = _of_program(tree, call)
        if command is not None:
            yield from _judged(file, tree, call, command)
    if tree.language == "c_sharp":
        yield from _start_infos(file, tree)


def _of_shell(tree: SyntaxTree, call: Call) -> Argument | None:
    """Give the command of a call that always uses a shell."""
    plain = [each for each in call.arguments if not each.keyword]
    if tree.language == "ruby" and call.name != "`":
        # An environment may stand first; with arguments of its own a program is run without a shell.
        if plain and plain[0].node.type == "hash":
            plain = plain[1:]
        if len(plain) != 1 or plain[0].node.type in ("array", "splat_argument", "block_argument"):
            return None
        if call.receiver is not None and text_of(call.receiver) not in (
            "Kernel",
            "Open3",
            "IO",
            "Process",
            "PTY",
            "ssh",
        ):
            return None
    if tree.language == "c" and call.receiver is not None:
        return None
    if tree.language == "php" and call.receiver is not None and "fromShell" not in call.name:
        return None
    if call.last == "proc_open" and plain and plain[0].node.type == "array_creation_expression":
        return None
    if call.last == "open" and not (plain and build(tree, plain[0]).text.lstrip().startswith("|")):
        return None
    if call.last == "subprocess_shell":
        plain = plain[1:]
    return plain[0] if plain else call.keyword("args") or call.keyword("cmd")


def _of_program(tree: SyntaxTree, call: Call) -> Argument | None:
    """Give the command of a call whose program is a shell, or that is told to use one."""
    plain = [each for each in call.arguments if not each.keyword]
    if tree.language == "python":
        shell = call.keyword("shell")
        if shell is not None and call.resolved.startswith("subprocess."):
            return (call.keyword("args") or (plain[0] if plain else None)) if shell.text in ("True", "1") else None
    if tree.language in ("javascript", "typescript", "tsx") and plain and _asks_shell(tree, plain[-1]):
        return plain[0] if len(plain) < 3 else _both(tree, plain)
    if tree.language == "java" and not _is_java(tree, call):
        return None
    if tree.language == "rust":
        return _of_rust(tree, call)
    given = [each for argument in plain for each in _members(tree, argument)]
    chosen = given[0] if given and is_from_request(tree, given[0]) else None
    return _after_flag(tree, given) or _single(tree, call, plain) or chosen


def _both(tree: SyntaxTree, plain: list[Argument]) -> Argument:
    """Give the one of program and arguments that holds values."""
    return plain[1] if build(tree, plain[1]).holes else plain[0]


def _single(tree: SyntaxTree, call: Call, plain: list[Argument]) -> Argument | None:
    """Give a command line that is taken as one text: `Runtime.exec`, and the arguments of a shell in C#."""
    if tree.language == "java" and call.last == "exec" and plain:
        built = build(tree, plain[0])
        return plain[0] if has_text(built) and built.holes and value_of(tree, plain[0]).kind != "other" else None
    if tree.language == "c_sharp" and len(plain) > 1:
        name = string_of(tree, value_of(tree, plain[0]).node)
        return plain[1] if name is not None and _SHELL_NAME.match(name) else None
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


def _members(tree: SyntaxTree, argument: Argument) -> list[Argument]:
    """Give the members of a list that is written out, here or a line before; else the argument itself."""
    node = bare(tree, value_of(tree, argument).node)
    call = call_of(tree, node)
    if call is not None and call.last in ("of", "asList"):
        return list(call.arguments)
    inner = next(
        (
            each
            for each in node.named_children
            if each.type in ("array_initializer", "literal_value", "initializer_expression")
        ),
        None,
    )
    if inner is not None:
        node = inner
    elif node.type not in (
        "list",
        "array",
        "tuple",
        "initializer_list",
        "array_initializer",
        "array_expression",
        "array_creation_expression",
    ):
        return [argument]
    return [
        Argument(
            tree, each.named_children[0] if each.type in ("array_element_initializer", "literal_element") else each
        )
        for each in node.named_children
        if each.type not in ("comment", "line_comment", "block_comment")
    ]


def _after_flag(tree: SyntaxTree, given: list[Argument]) -> Argument | None:
    """Give the command behind `sh -c`."""
    texts = [string_of(tree, value_of(tree, each).node) for each in given]
    for at, text in enumerate(texts[:-1]):
        if text is not None and _SHELL_NAME.match(text):
            for flag in range(at + 1, len(texts) - 1):
                if texts[flag] is not None and _FLAG.match(texts[flag] or ""):
                    return given[flag + 1]
    return None


def _of_rust(tree: SyntaxTree, call: Call) -> Argument | None:
    """Give the command behind `Command::new("sh").arg("-c")`, whether chained or line by line."""
    given = list(call.arguments)
    function = call.node
    chain, here = [call], function
    while here.parent is not None and here.parent.type in (
        "field_expression",
        "call_expression",
        "await_expression",
        "try_expression",
    ):
        here = here.parent
        outer = call_of(tree, here)
        if outer is not None and outer.last in ("arg", "args", "raw_arg"):
            chain.append(outer)
    for outer in chain[1:]:
        given += [each for argument in outer.arguments for each in _members(tree, argument)]
    let = here.parent if here.parent is not None and here.parent.type == "let_declaration" else None
    name = text_of(let.child_by_field_name("pattern")) if let is not None else ""
    for other in calls(tree) if name else ():
        if (
            other.last in ("arg", "args")
            and other.name.split(".")[0] == name
            and other.node.start_byte > call.node.start_byte
        ):
            given += [each for argument in other.arguments for each in _members(tree, argument)]
    return _after_flag(tree, given)


def _judged(file: ChangedFile, tree: SyntaxTree, call: Call, command: Argument) -> Iterator[Found]:
    """Say whether a command holds values that matter, and how much."""
    built = build(tree, command)
    holes = dangerous(tree, built)
    if not holes:
        return
    severity: Severity = origin(tree, holes)
    if has_text(built):
        severity = "high"
    elif severity != "high" and (
        _CONFIGURED.search(command.text) or call.last == "exec_command" or is_script(file.path)
    ):
        # Nothing is known of the command: whoever runs or configures the program decides.
        severity = "low"
    if severity == "high" and is_script(file.path) and not any(is_from_outside(tree, hole) for hole in holes):
        severity = "medium"
    line = place(file, call, command, built.holes)
    if line:
        message = f"`{_short(holes[0])}` is put into a command that a shell reads: it can run any other command"
        yield Found(file.path, line, message, max(line, call.end_line), _SUGGESTION, severity)


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
        ),
    ),
)
