"""Files that others on the machine may replace or change: guessable temporary names, modes for everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.changed import ChangedFile
from localdev.rules.code import C, in_code
from localdev.rules.dangerous.data import function_text, is_call, values_behind
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of
from localdev.source.syntax.values import Argument

_TEMPORARY = words(
    "tempfile.mktemp os.tempnam os.tmpnam mktemp tmpnam tempnam tmpnam_r std.tmpnam "
    "Files.createTempDir Dir.Tmpname.create os.tmpname QDir.tempPath"
)
_WRITES = words(
    """
    open io.open os.open fs.open fs.openSync
    fs.writeFile fs.writeFileSync fs.createWriteStream fs.appendFile fs.appendFileSync fs.mkdirSync
    os.Create os.OpenFile os.WriteFile ioutil.WriteFile FileOutputStream FileWriter File.WriteAllText
    File.WriteAllBytes
    File.open File.write fopen file_put_contents File.create fs.write os.makedirs os.mkdir std.ofstream ofstream
    PrintWriter StreamWriter File.Create fs.File.create creat Files.write Path.write_text
    """
)
_OPTIONS = re.compile(r"(?:\w+\.)*OpenOptions\.(?:.*\.)?open\Z")
_FIXED_NAME = re.compile(r"""[a-zA-Z$@]{0,2}["'`](?:/tmp|/var/tmp|C:\\\\(?:Windows\\\\)?Temp)[/\\]""")
_TEMP_FOLDER = re.compile(
    r"gettempdir\(\)|os\.tmpdir\(\)|os\.TempDir\(\)|Dir\.tmpdir|sys_get_temp_dir\(\)|java\.io\.tmpdir|GetTempPath\(\)|env::temp_dir\(\)|temp_directory_path\(\)"
)
_UNGUESSABLE = re.compile(
    r"(?i)uuid|random|rand|secret|token|mkdtemp|mkstemp|NamedTemp|nonce|hex|createTemp|MkdirTemp|unique|guid|tempnam|tmpfile|TempFileName|createTempFile"
)
_CHMOD = words(
    """
    os.chmod os.fchmod os.lchmod .chmod fs.chmod fs.chmodSync promises.chmod os.Chmod chmod fchmod File.chmod
    FileUtils.chmod FileUtils.chmod_R Permissions.from_mode .set_mode .Chmod PosixFilePermissions.fromString
    File.SetUnixFileMode .setWritable .setReadable .setPermissions .mode fs.set_permissions
    std.filesystem.permissions Files.setPosixFilePermissions
    """
)
_MAKES = words(
    "os.mkdir os.makedirs os.open os.mkfifo os.MkdirAll os.Mkdir os.WriteFile ioutil.WriteFile "
    "os.OpenFile fs.mkdir fs.mkdirSync fs.writeFileSync fs.writeFile mkdir FileUtils.mkdir_p "
    "Dir.mkdir creat open shm_open sem_open"
)
_MODE = re.compile(r"0o?(?P<octal>[0-7]{3,5})|['\"]0?o?(?P<text>[0-7]{3,4})['\"]")
_NAMED_MODES = re.compile(
    r"S_IWOTH|S_IRWXO|OTHERS_WRITE|OtherWrite|others_write|perms::all\b|['\"](?:[-r][-w][-x]){2}[-r]w[-x]['\"]|['\"][ugoa]*[oa]\+[rx]*w"
)
_WRITES_OTHER = 2


def _temporary(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find names that another may take before the file is made."""
    for call in calls(tree):
        if is_call(call, _TEMPORARY) and not (
            tree.language == "php"
            or (tree.language in ("ruby", "rust") and call.name in ("mktemp", "access", "tempnam"))
        ):
            yield Found(
                file.path,
                call.line,
                f"`{call.name}` gives a name that another may take first",
                call.end_line,
                "let one call make and open the file (`mkstemp`, `NamedTemporaryFile`)",
            )
        elif tree.language in C and call.last == "access" and call.arguments and _opens_later(call):
            message = "between this question and the opening, another may put something else there"
            yield Found(file.path, call.line, message, call.end_line, "open it, and look at what was opened")
        elif (
            (is_call(call, _WRITES) or _OPTIONS.match(call.name))
            and call.arguments
            and _is_guessable(tree, call.arguments[0])
            and _is_written(call)
        ):
            yield Found(
                file.path,
                call.line,
                "a guessable name in a folder that everybody writes to: another may put a link there first",
                call.end_line,
                "let the library choose the name (`mkstemp`, `NamedTemporaryFile`, `mkdtemp`)",
            )


def _opens_later(call: Call) -> bool:
    """Say whether the function opens what it asked about."""
    name = re.escape(call.arguments[0].text.strip())
    return re.search(rf"\b(?:fopen|open|unlink|chmod)\s*\(\s*{name}\s*[,)]", function_text(call.node)) is not None


def _is_guessable(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether a path lies in the folder for temporary files under a name without anything random in it."""
    texts = [each.text for each in values_behind(tree, argument)]
    return any(_FIXED_NAME.match(each) or _TEMP_FOLDER.search(each) for each in texts) and not any(
        _UNGUESSABLE.search(each) for each in texts
    )


def _is_written(call: Call) -> bool:
    """Say whether a call opens its file for writing."""
    if call.last not in ("open", "fopen", "OpenFile", "openSync"):
        return True
    if _OPTIONS.match(call.name):
        return "create(" in text_of(call.node)
    modes = " ".join(each.text for each in call.arguments[1:])
    return re.search(r"[\"'][rb]*[wa]|O_CREAT|O_WRONLY|O_RDWR", modes) is not None and "O_EXCL" not in modes


def _permissions(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find modes that let everybody write."""
    for call in calls(tree):
        if call.last == "umask" and [each.text.strip() for each in call.arguments] in (
            ["0"],
            ["0o0"],
            ["000"],
            ["0o000"],
            ["0000"],
        ):
            yield Found(
                file.path,
                call.line,
                "files made from here on may be changed by everybody",
                call.end_line,
                "use 0o022 or 0o077",
            )
            continue
        sets, makes = is_call(call, _CHMOD), is_call(call, _MAKES)
        if not (sets or makes) or not call.arguments:
            continue
        loose = next((each for each in call.arguments if _lets_others_write(each.text)), None)
        if call.last in ("setWritable", "setReadable"):
            loose = (
                call.arguments[0]
                if [each.text for each in call.arguments] == ["true", "false"] and call.last == "setWritable"
                else None
            )
        # The umask takes away again what makes a file gives; a folder's mode is often meant.
        if loose is not None and (sets or (tree.language not in ("c", "cpp") and "666" not in loose.text)):
            yield Found(
                file.path,
                line_of(loose.node),
                f"`{loose.text.strip()}` lets everybody on the machine change it",
                call.end_line,
                "give write permission to the owner alone",
            )


def _lets_others_write(text: str) -> bool:
    """Say whether a mode holds the bit that lets others write."""
    text = text.strip()
    if _NAMED_MODES.search(text):
        return True
    match = _MODE.fullmatch(re.sub(r"^(?:os\.FileMode|fs\.FileMode)\((.*)\)$", r"\1", text))
    if match is None:
        return False
    mode = int(match["octal"] or match["text"], 8)
    return bool(mode & _WRITES_OTHER) and not mode & 0o1000


TEMPORARY = Rule(
    id="insecure-temp-file",
    family="dangerous-call",
    severity="medium",
    title="A temporary file that another may take first",
    explanation=(
        "Between choosing a name and opening it, another user can put a link or a file of their own "
        "there. A fixed name in `/tmp` is known to everybody from the start. "
        "Let one call choose the name and open the file."
    ),
    bad=Example(
        "export.py",
        "import tempfile\n\ndef export(data):\n    path = tempfile.mktemp()\n    open(path, 'w').write(data)\n",
    ),
    good=Example(
        "export.py",
        "import tempfile\n\ndef export(data):\n    with tempfile.NamedTemporaryFile('w', "
        "delete=False) as file:\n        file.write(data)\n",
    ),
    check=in_code(
        _temporary, ("mktemp", "access", "tmpnam", "tempnam", "/tmp/", "createtempdir", "tmpname", "temp", "tmpdir")
    ),
)
PERMISSIONS = Rule(
    id="world-writable",
    family="dangerous-call",
    severity="medium",
    title="Everybody on the machine may change a file",
    explanation=(
        "Modes such as 0777 and 0666 let every user and every broken service change the "
        "file. Give write permission to the owner alone."
    ),
    bad=Example("install.py", "import os\n\ndef install(path):\n    os.chmod(path, 0o777)\n"),
    good=Example("install.py", "import os\n\ndef install(path):\n    os.chmod(path, 0o755)\n"),
    check=in_code(_permissions, ("chmod", "umask", "mkdir", "mode", "permission", "writ", "open", "creat", "makedirs")),
)
