"""Debug modes, listening to everybody, and answers to any origin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import conditions_around, text_around
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import function_text, is_call
from localdev.rules.dangerous.pairs import pairs
from localdev.rules.places import is_script
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.scopes import value_of
from localdev.source.syntax.tree import SyntaxTree, text_of
from localdev.source.syntax.values import Argument

_TRUE = re.compile(r"true|1|['\"](?:on|1|true)['\"]", re.IGNORECASE)
_DEV = re.compile(r"(?i)(?:^|[/._-])(?:dev|develop(?:ment)?|local|debug|sandbox|testing|tests?)(?:[/._-]|$)")
_DEV_CONDITION = re.compile(r"(?i)dev|debug|local|__main__|environment|env\b|test")
_DEBUG_NAMES = words(
    "DEBUG debug use_debugger TEMPLATE_DEBUG DEBUG_PROPAGATE_EXCEPTIONS FLASK_DEBUG display_errors "
    "consider_all_requests_local APP_DEBUG customErrors PROPAGATE_EXCEPTIONS show_exceptions EnableDetailedErrors"
)
_RUNS = words(
    "app.run run_simple werkzeug.serving.run_simple socketio.run application.run web.run_app Flask "
    "FastAPI Starlette tornado.web.Application Application create_app uvicorn.run Sanic .run"
)
_SETTINGS_FILE = re.compile(r"(?i)settings|config|application|app|environments?|production|wsgi|asgi|server")
_DEBUG_CALLS = {
    ("gin.SetMode", "gin.DebugMode"),
    ("gin.SetMode", '"debug"'),
    ("ini_set", "'display_errors'"),
    ("ini_set", '"display_errors"'),
    ("error_reporting", "E_ALL"),
    ("Debug.enable", ""),
    ("WebView.setWebContentsDebuggingEnabled", "true"),
}
_LISTENS = words(
    """
    app.run server.listen app.listen .bind socket.bind sock.bind run_simple uvicorn.run web.run_app run socketio.run
    http.ListenAndServe http.ListenAndServeTLS net.Listen net/http.ListenAndServe .listen httpServer.listen
    serve waitress.serve HTTPServer ThreadingHTTPServer http.server.HTTPServer SimpleXMLRPCServer TcpListener.bind
    TcpListener InetSocketAddress TCPServer.new TCPServer net.createServer.listen .ListenAndServe make_server
    router.Run r.Run e.Start
    WEBrick.HTTPServer.new socketserver.TCPServer asyncio.start_server IPAddress.Parse .UseUrls Server
    HttpServer.bind UdpSocket.bind .set_listen_address inet_addr hypercorn.run .Run .Start app.Run app.Listen
    .Listen stream_socket_server socket_bind Rack.Handler.WEBrick.run
    """
)
_ALL = re.compile(r"""[a-z]?["'`](?:(?:https?|tcp|udp)://)?(?:0\.0\.0\.0|\[?::\]?|\*)(?::\d+)?["'`]""")


def _debug(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find what turns on a framework's debug mode for good."""
    if _DEV.search(file.path):
        return
    for pair in pairs(tree):
        if (
            pair.plain in _DEBUG_NAMES
            and _TRUE.fullmatch(pair.value.strip())
            and _turns_on(file, pair.name, pair.around)
            and not _is_for_dev(pair.node)
        ):
            yield Found(
                file.path, pair.line, _DEBUG_MESSAGE, pair.end_line, "take it from the environment, off by default"
            )
        elif pair.plain == "ALLOWED_HOSTS" and re.fullmatch(r"[\[(]\s*['\"]\*['\"]\s*,?\s*[\])]", pair.value.strip()):
            yield Found(
                file.path, pair.line, "any name in a request is believed", pair.end_line, "name the hosts this site has"
            )
    for call in calls(tree):
        first = call.arguments[0].text if call.arguments else ""
        known = (call.name, first) in _DEBUG_CALLS and (
            call.name != "ini_set" or _TRUE.fullmatch(call.arguments[-1].text)
        )
        if (
            (known or call.last in ("UseDeveloperExceptionPage", "phpinfo"))
            and call.name != "error_reporting"
            and not _is_for_dev(call.node)
        ):
            yield Found(file.path, call.line, _DEBUG_MESSAGE, call.end_line, "turn it on in development alone")


_DEBUG_MESSAGE = "debug mode shows the inside to everybody, and may run their code"


def _turns_on(file: ChangedFile, name: str, around: str) -> bool:
    """Say whether a name set to true is a framework's debug mode here."""
    plain = name.rpartition(".")[2].strip("'\"[]")
    if plain == "debug":
        owner = name.rpartition(".")[0]
        if around:
            return any(around == each or around.endswith(each) for each in _RUNS if each != ".run") or around.endswith(
                ".run"
            )
        return owner in ("app", "application", "self.app", "app.config") or (
            file.language == "php" and "config" in file.path
        )
    if plain == "DEBUG":
        return "config" in name.lower() or _SETTINGS_FILE.search(file.path.rpartition("/")[2]) is not None
    return True


def _is_for_dev(node: object) -> bool:
    """Say whether a place is reached in development only."""
    return any(_DEV_CONDITION.search(text) for text in conditions_around(node))  # type: ignore[arg-type]


def _listens(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find servers that listen on every address by a fixed text."""
    for call in calls(tree):
        if (is_call(call, _LISTENS) or _SERVES.search(call.last)) and file.touched(call.line, call.end_line):
            at = next((each for each in call.arguments if _is_everywhere(tree, call, each)), None)
            if at is not None:
                yield Found(file.path, at.line, _EVERYWHERE, call.end_line, _LOOPBACK)
    for pair in pairs(tree):
        if pair.plain in _HOSTS and _ALL.fullmatch(pair.value.strip()) and not is_script(file.path):
            yield Found(file.path, pair.line, _EVERYWHERE, pair.end_line, _LOOPBACK)


_EVERYWHERE = "this listens on every address of the machine, not on its own alone"
_LOOPBACK = "listen on 127.0.0.1, and take other addresses from the settings"
_SERVES = re.compile(r"(?i)server|listen|bind|serve|^run")
_HOSTS = words(
    "host HOST bind_host listen_host BIND_HOST LISTEN_HOST bind_address BIND_ADDRESS listen_addr "
    "ListenAddr Addr Host bindAddress listenAddress hostname HOSTNAME"
)


def _is_everywhere(tree: SyntaxTree, call: Call, argument: Argument) -> bool:
    """Say whether an argument is the address of all interfaces, in a pair with a port or in options too."""
    text = value_of(tree, argument).text.strip()
    inner = re.match(r"\(\s*([\"'][^\"']*[\"'])\s*,", text)
    if inner is not None:
        empty = inner.group(1) in ('""', "''") and call.last in (
            "bind",
            "HTTPServer",
            "ThreadingHTTPServer",
            "TCPServer",
        )
        return empty or _ALL.fullmatch(inner.group(1)) is not None
    return _ALL.fullmatch(text) is not None


_ORIGIN_NAMES = words(
    "origin origins allow_origins AllowOrigins allowed_origins AllowedOrigins allowedOrigins "
    "CORS_ORIGIN_ALLOW_ALL CORS_ALLOW_ALL_ORIGINS AllowAllOrigins allow_origin_regex cors_allowed_origins"
)
_CREDENTIALS = re.compile(
    r"(?i)(?:allow_?|supports_?|access-control-allow-)?credentials['\"]?\s*[:=,(]\s*['\"]?true|AllowCredentials\(\)|allowCredentials\(true\)|CORS_ALLOW_CREDENTIALS\s*=\s*True|credentials:\s*true"
)
_ANY = re.compile(
    r"""\[?\s*(?:\w*\{)?["'`]\*["'`]\s*[\]}]?|\[\]string\{"\*"\}|true|True|["'`]\.\*["'`]|r["']\.\*["']|/\.\*/"""
)
_REFLECTS = re.compile(
    r"(?i)headers?(?:\.origin\b|\.get\(['\"]origin|\[['\"]origin)|getHeader\(\s*\"Origin\"|HTTP_ORIGIN|Header\.Get\(\"Origin|GetHeader\(\"Origin|Headers\[\"Origin|header\(['\"]Origin"
)


def _origins(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find answers with credentials to any origin."""
    for pair in pairs(tree):
        if pair.plain in _ORIGIN_NAMES and _ANY.fullmatch(pair.value.strip()):
            near = text_around(pair.node, 3)
            if pair.plain.startswith("CORS_") or _CREDENTIALS.search(near):
                yield Found(file.path, pair.line, _ORIGIN_MESSAGE, pair.end_line, _ORIGIN_SUGGESTION)
    for call in calls(tree):
        text = text_of(call.node)
        if len(text) > 1_500 or not file.touched(call.line, call.end_line):
            continue
        body = function_text(call.node) or tree.text
        if "Access-Control-Allow-Origin" in text and len(call.arguments) < 4 and call.name != "if":
            reflected = _REFLECTS.search(text.partition("Allow-Origin")[2])
            if (reflected or "*" in text.partition("Allow-Origin")[2][:8]) and _CREDENTIALS.search(
                body.replace('", "', '":"').replace("', '", "':'")
            ):
                yield Found(file.path, call.line, _ORIGIN_MESSAGE, call.end_line, _ORIGIN_SUGGESTION)
        elif call.name in ("CorsLayer.very_permissive", "Cors.permissive") or (
            call.last
            in (
                "AllowAnyOrigin",
                "SetIsOriginAllowed",
                "allowedOrigins",
                "allowedOriginPatterns",
                "addAllowedOrigin",
                "addAllowedOriginPattern",
            )
            and _allows_any(call)
            and _CREDENTIALS.search(body)
        ):
            yield Found(file.path, call.line, _ORIGIN_MESSAGE, call.line, _ORIGIN_SUGGESTION)


def _allows_any(call: Call) -> bool:
    """Say whether a builder's call allows all origins."""
    text = call.arguments[0].text if call.arguments else ""
    return call.last == "AllowAnyOrigin" or text.strip("\"'") == "*" or text.replace(" ", "").endswith("=>true")


_ORIGIN_MESSAGE = "any site may read answers made for a reader who is logged in"
_ORIGIN_SUGGESTION = "name the origins that may"

DEBUG = Rule(
    id="debug-mode",
    family="dangerous-call",
    severity="medium",
    title="Debug mode is on for everybody",
    explanation=(
        "Debug pages show source, settings and secrets; some run what the reader types. Take "
        "the switch from the environment, off by default."
    ),
    bad=Example("server.py", "from flask import Flask\n\napp = Flask(__name__)\napp.run(debug=True)\n"),
    good=Example(
        "server.py",
        "import os\n\nfrom flask import Flask\n\napp = "
        "Flask(__name__)\napp.run(debug=os.environ.get('DEBUG') == '1')\n",
    ),
    check=in_code(
        _debug,
        (
            "debug",
            "display_errors",
            "consider_all_requests_local",
            "developerexceptionpage",
            "phpinfo",
            "allowed_hosts",
            "detailederrors",
            "propagate_exceptions",
        ),
        aside="none",
    ),
)
LISTENS = Rule(
    id="bind-all-interfaces",
    family="dangerous-call",
    severity="medium",
    title="A server listens on every address",
    explanation=(
        "`0.0.0.0` takes connections from every network the machine is in. Listen on "
        "127.0.0.1, and let whoever runs it name another address."
    ),
    bad=Example(
        "server.py", "import socket\n\ndef serve():\n    sock = socket.socket()\n    sock.bind(('0.0.0.0', 8080))\n"
    ),
    good=Example(
        "server.py", "import socket\n\ndef serve():\n    sock = socket.socket()\n    sock.bind(('127.0.0.1', 8080))\n"
    ),
    check=in_code(_listens, ("0.0.0.0", "httpserver", "tcpserver", "::", "bind", '"*"', "'*'"), aside="none"),
)
ORIGINS = Rule(
    id="cors-any-origin",
    family="dangerous-call",
    severity="medium",
    title="Any site may use the reader's login",
    explanation=(
        "Allowing every origin together with credentials lets any page the reader visits act "
        "in their name. Name the origins that may."
    ),
    bad=Example("app.py", "app.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True)\n"),
    good=Example("app.py", "app.add_middleware(CORSMiddleware, allow_origins=ORIGINS, allow_credentials=True)\n"),
    check=in_code(_origins, ("origin", "permissive")),
)
