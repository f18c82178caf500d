"""Paths built out of what comes from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import names_around
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import (
    Cleans,
    is_call,
    is_from_outside,
    is_from_parameter,
    names_in,
    unclean_text,
    values_behind,
)
from localdev.rules.dangerous.guards import checks_address, checks_path, path_cleaner
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.scopes import is_fixed, parameters_of
from localdev.source.syntax.tree import SyntaxTree, text_of
from localdev.source.syntax.values import Argument

_OPEN: dict[str, frozenset[str]] = {
    "python": words(
        """
        open io.open codecs.open os.open os.remove os.unlink os.rmdir os.listdir os.scandir os.rename os.replace
        os.makedirs os.mkdir os.stat
        shutil.copy shutil.copyfile shutil.move shutil.rmtree send_file flask.send_file FileResponse
        starlette.responses.FileResponse fastapi.responses.FileResponse web.FileResponse
        Path pathlib.Path aiofiles.open os.path.join numpy.load np.load pd.read_csv .joinpath gzip.open tarfile.open
        zipfile.ZipFile
        """
    ),
    **dict.fromkeys(
        ("javascript", "typescript", "tsx"),
        words(
            """
            fs.readFile fs.readFileSync fs.createReadStream fs.createWriteStream fs.writeFile fs.writeFileSync
            fs.unlink fs.unlinkSync fs.readdir fs.readdirSync fs.rm fs.rmSync
            fs.appendFile fs.appendFileSync fs.rename fs.copyFile fs.open promises.readFile promises.writeFile
            promises.unlink promises.open promises.readdir promises.rm fsp.readFile fsp.writeFile fsp.unlink
            readFile readFileSync writeFile createReadStream
            .sendFile .sendfile .download path.join path.resolve path.normalize join resolve Deno.readFile
            Deno.readTextFile Bun.file
            """
        ),
    ),
    "go": words(
        """
        os.Open os.ReadFile os.Create os.OpenFile os.WriteFile os.Remove os.RemoveAll os.Mkdir os.MkdirAll
        os.ReadDir ioutil.ReadFile ioutil.WriteFile ioutil.ReadDir
        http.ServeFile filepath.Join path.Join c.File c.FileAttachment ctx.File ctx.SendFile c.SendFile
        """
    ),
    "java": words(
        """
        File FileInputStream FileOutputStream FileReader FileWriter RandomAccessFile Paths.get Path.of
        Files.newInputStream Files.readAllBytes Files.readString Files.lines Files.write
        Files.delete Files.copy .resolve FileSystemResource ClassPathResource UrlResource .getResourceAsStream
        PrintWriter
        """
    ),
    "c_sharp": words(
        """
        File.ReadAllText File.ReadAllBytes File.ReadAllLines File.OpenRead File.Open File.OpenText File.OpenWrite
        File.WriteAllText File.WriteAllBytes File.Delete File.Copy File.Move File.Create File.AppendAllText
        Path.Combine Path.Join FileStream StreamReader StreamWriter PhysicalFile FileInfo Directory.GetFiles
        Directory.Delete Directory.CreateDirectory DirectoryInfo
        """
    ),
    "ruby": words(
        """
        File.open File.read File.new File.join File.write File.delete File.unlink File.readlines File.binread
        IO.read IO.readlines IO.binread send_file Dir.glob Dir.entries Dir.children Dir.mkdir
        FileUtils.rm FileUtils.rm_rf FileUtils.cp FileUtils.mv FileUtils.mkdir_p Pathname.new Pathname root.join
        .render_file File.foreach
        """
    ),
    "php": words(
        """
        file_get_contents fopen readfile unlink file_put_contents move_uploaded_file copy file rename opendir
        scandir rmdir mkdir SplFileObject glob parse_ini_file
        simplexml_load_file highlight_file show_source .download .sendFile BinaryFileResponse Storage.get
        Storage.put Storage.delete Storage.download File.get File.put File.delete storage_path public_path base_path
        """
    ),
    "rust": words(
        "File.open File.create fs.read fs.read_to_string fs.write fs.remove_file fs.remove_dir_all "
        "fs.File.open fs.File.create NamedFile.open NamedFile.open_async .join PathBuf.from Path.new "
        "fs.read_dir OpenOptions.open"
    ),
    "c": words("fopen open unlink"),
    "cpp": words("fopen open unlink std.ifstream std.ofstream std.fstream ifstream ofstream"),
}
# What these are given behind the path is what is written.
_CONTENT = words(
    """
    file_put_contents fs.writeFile fs.writeFileSync fs.appendFile fs.appendFileSync promises.writeFile fsp.writeFile
    writeFile os.WriteFile ioutil.WriteFile
    File.WriteAllText File.WriteAllBytes File.AppendAllText File.write Files.write Files.writeString fs.write
    Storage.put File.put open io.open fopen
    """
)
_CLIENT_NAME = re.compile(r"\[['\"]name['\"]\]|getClientOriginalName|getClientFilename")
# A parameter of this name, in code of this kind, is what somebody asked for.
_ASKED = re.compile(
    r"(?i)(?:user_?|req(?:uest(?:ed)?)?_?|url_?|sub_?|rel(?:ative)?_?|upload(?:ed)?_?|orig(?:inal)?_?|client_?|remote_?|untrusted_?|attachment_?|avatar_?|document_?|report_?|template_?|image_?|media_?|asset_?|theme_?|plugin_?|page_?|resource_?)?(?:file_?name|file_?path|path|name|slug|uri|file|url|key)"
)
_SERVES = re.compile(
    r"(?i)serve(?!r_?config)|static|download|upload|attachment|handler|controller|(?<!over)view|send_?file|storage|sandbox|tenant|media|avatar|fetch_?file|get_?file|read_?file|save_?file|route|endpoint|invoice|export_?file|user_?file|blob|asset"
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find calls that open or build a path, by the data in their arguments."""
    names, cleans = _OPEN.get(tree.language, frozenset()), path_cleaner(tree)
    for call in calls(tree):
        if tree.language == "ruby" and _may_run(tree, call):
            yield Found(
                file.path, call.line, _RUNS, call.end_line, "use `File.open`, or `URI.parse(...).open` for addresses"
            )
            continue
        if not call.arguments or not is_call(call, names) or not file.touched(call.line, call.end_line):
            continue
        if call.name in ("join", "resolve") and not call.resolved.startswith("path"):
            continue
        paths = call.arguments[: 1 if is_call(call, _CONTENT) else 4]
        reasons = [(each, why) for each in paths if (why := _danger(tree, call, each, cleans))]
        if reasons and not checks_path(tree, call.node, [each for each, _ in reasons]):
            reason = reasons[0][1]
            high = reason == _REQUESTED
            yield Found(
                file.path,
                call.line,
                reason,
                min(call.end_line, call.line + 6),
                "take only the last part of the name, or check that the resolved path is still inside its root",
                "high" if high else None,
            )


_REQUESTED = "this path holds data of a request: `../` leads out of its folder"
_HANDED = "this path is joined with a name that is handed in unchecked: `../` leads out of its folder"


_RUNS = "`open` runs a command when the name begins with `|`"


def _may_run(tree: SyntaxTree, call: Call) -> bool:
    """Say whether Ruby's `open` is given a name that comes from outside and may begin with anything."""
    if call.name not in ("open", "Kernel.open", "URI.open") or not call.arguments or "def open" in tree.text:
        return False
    first = call.arguments[0]
    begins = re.match(r"""["'](?!#\{|\|)|File\.|.*\.(?:path|to_path)\Z|Rails\.root|@?\w*tempfile\b""", first.text)
    if begins is not None or is_fixed(tree, first):
        return False
    if "open-uri" in tree.text or call.name == "URI.open":
        given = is_from_parameter(tree, first) or is_from_outside(tree, first)
    else:
        given = is_from_outside(tree, first)
    return given and not checks_address(tree, call.node, [first])


def _danger(tree: SyntaxTree, call: Call, argument: Argument, cleans: Cleans) -> str:
    """Say why an argument is dangerous as a path, empty where it is not."""
    if "tmp_name" in argument.text or (
        call.last in ("sendFile", "sendfile", "download") and re.search(r"\broot\b\s*[:}]", text_of(call.node))
    ):
        return ""
    if argument.kind == "literal" or is_fixed(tree, argument):
        return ""
    behind = values_behind(tree, argument, cleans)
    if call.name == "move_uploaded_file" and any(_CLIENT_NAME.search(unclean_text(each, cleans)) for each in behind):
        return _REQUESTED
    if is_from_outside(tree, argument, cleans):
        return _REQUESTED
    return _HANDED if _is_asked(tree, call, argument, cleans) else ""


_JOINS = words(
    "os.path.join path.join path.resolve filepath.Join Path.Combine Path.Join File.join Path.of "
    "Paths.get .joinpath root.join join resolve .resolve .join File"
)


def _is_asked(tree: SyntaxTree, call: Call, argument: Argument, cleans: Cleans) -> bool:
    """Say whether an argument is a parameter that names a file somebody asked for, put behind a root."""
    joined = (
        is_call(call, _JOINS) and len(call.arguments) > 1 and argument.node.id != call.arguments[0].node.id
    ) or argument.kind in ("interpolated", "concatenated")
    if not joined:
        return False
    outside = {each.lstrip("$&*") for each in parameters_of(tree, argument.node)}
    asked = [
        text
        for name in names_in(argument.node, cleans)
        if (text := text_of(name).lstrip("$")) in outside and _ASKED.fullmatch(text)
    ]
    around = " ".join(names_around(call.node))
    return bool(asked) and (_SERVES.search(around) is not None)


RULE = Rule(
    id="path-traversal",
    family="dangerous-call",
    severity="medium",
    title="A path is built out of what comes from outside",
    explanation=(
        "A name from a request that holds `../`, or begins with a slash, reaches files it must not. "
        "Take the last part of the name alone, or resolve the path and check "
        "that it is still inside its root. It is `high` for data of a request, `medium` for names "
        "handed to functions that serve or store files."
    ),
    bad=Example(
        "files.py",
        "import os\n\nfrom flask import request\n\ndef show():\n    return open(os.path.join('docs', "
        "request.args['name'])).read()\n",
    ),
    good=Example(
        "files.py",
        "from flask import request, send_from_directory\n\ndef show():\n    return "
        "send_from_directory('docs', request.args['name'])\n",
    ),
    check=in_code(
        _look,
        (
            "open",
            "file",
            "path",
            "join",
            "read",
            "unlink",
            "remove",
            "dir",
            "glob",
            "storage",
            "resolve",
            "download",
            "copy",
            "rename",
            "stream",
        ),
    ),
)
