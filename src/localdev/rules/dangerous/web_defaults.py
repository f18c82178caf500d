"""Protections of web frameworks that are switched off: forgery tokens, cookie flags, mass assignment, open messages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import nodes_of, text_around
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.dangerous.data import is_call, is_from_outside, is_from_request
from localdev.rules.dangerous.pairs import pairs
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.scopes import parameters_of
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of

_OFF = re.compile(r"False|false|0|nil|null")
_NO_FORGERY_CHECK = words("csrf_exempt django.views.decorators.csrf.csrf_exempt skip_forgery_protection csrf.exempt")
_FORGERY_NAMES = words(
    "WTF_CSRF_ENABLED CSRF_ENABLED csrf_protection csrf enableCsrfValidation WTF_CSRF_CHECK_DEFAULT "
    "enableXsrfProtection xsrf_cookies allow_forgery_protection"
)
_COOKIE_FLAGS = words(
    "httpOnly HttpOnly httponly HTTPOnly secure Secure SESSION_COOKIE_SECURE SESSION_COOKIE_HTTPONLY "
    "CSRF_COOKIE_SECURE session.cookie_httponly session.cookie_secure cookie_httponly cookie_secure "
    "REMEMBER_COOKIE_SECURE REMEMBER_COOKIE_HTTPONLY"
)
_COOKIE_AROUND = re.compile(r"(?i)cookie|session")
_RUBY_FILLS = words("new create create! update update! update_attributes assign_attributes")
_RUBY_WHOLE = re.compile(r"params(?:\[:\w+\])?(?:\.to_unsafe_h)?")
_PHP_FILLS = words("create fill update forceFill")
_PHP_WHOLE = re.compile(
    r"\$request->(?:all|input|post)\(\)|request\(\)->all\(\)|\$_(?:POST|REQUEST|GET)|Request::all\(\)"
)
# Electron's walls between a page and the machine.
_WINDOW_FLAGS = {
    ("nodeIntegration", "true"),
    ("contextIsolation", "false"),
    ("webSecurity", "false"),
    ("enableRemoteModule", "true"),
    ("allowRunningInsecureContent", "true"),
}
_OFF_METHODS = {"setHttpOnly": "false", "setSecure": "false"}


def _forgery(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find what takes requests without asking where they come from."""
    message, suggestion = (
        "requests are taken that another site makes in the reader's name",
        "leave the check on; take machines' calls by a signature instead",
    )
    for call in calls(tree):
        arguments = " ".join(each.text for each in call.arguments)
        off = is_call(call, _NO_FORGERY_CHECK) or (
            call.last in ("skip_before_action", "skip_before_filter", "skip_action_callback")
            and "verify_authenticity_token" in arguments
        )
        off = (
            off
            or (call.last == "protect_from_forgery" and "null_session" in arguments)
            or (
                call.name.endswith("csrf.disable")
                or (call.last == "csrf" and re.search(r"::disable|->\s*\w+\.disable", arguments) is not None)
            )
        )
        if off:
            yield Found(file.path, call.line, message, call.line, suggestion)
    for pair in pairs(tree):
        if pair.plain in _FORGERY_NAMES and _OFF.fullmatch(pair.value.strip()):
            yield Found(file.path, pair.line, message, pair.end_line, suggestion)
    if tree.language in ("python", "c_sharp"):
        for node in nodes_of(tree, ("decorator", "attribute")):
            if (
                node.type in ("decorator", "attribute")
                and re.fullmatch(
                    r"@?(?:\w+\.)*(?:csrf_exempt|csrf\.exempt|IgnoreAntiforgeryToken)(?:\(\))?", text_of(node)
                )
                and (node.type == "decorator" or tree.language == "c_sharp")
            ):
                yield Found(file.path, line_of(node), message, suggestion=suggestion)


def _cookies(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find cookies that scripts may read, or that go over open connections."""
    for pair in pairs(tree):
        if pair.plain in _COOKIE_FLAGS and _OFF.fullmatch(pair.value.strip()):
            near = f"{pair.name} {pair.around} {text_around(pair.node, 4, 500)}"
            if _COOKIE_AROUND.search(near):
                yield Found(
                    file.path,
                    pair.line,
                    f"`{pair.plain}` off: "
                    f"{'scripts may read' if 'http' in pair.plain.lower() else 'open connections carry'} this cookie",
                    pair.end_line,
                    "leave it on",
                )
    for pair in pairs(tree):
        if (pair.plain, pair.value.strip()) in _WINDOW_FLAGS:
            yield Found(
                file.path,
                pair.line,
                f"`{pair.plain}: {pair.value.strip()}` lets pages reach the machine",
                pair.end_line,
                "leave it as it is by default",
            )
        elif pair.plain == "force_ssl" and pair.value.strip() == "false":
            yield Found(
                file.path, pair.line, "open connections carry the session", pair.end_line, "leave `force_ssl` on"
            )
    for call in calls(tree):
        if (
            call.last == "ini_set"
            and len(call.arguments) > 1
            and re.search(r"session\.cookie_(?:httponly|secure)", call.arguments[0].text)
            and call.arguments[1].text.strip("'\"") in ("0", "false", "off")
        ):
            yield Found(
                file.path,
                call.line,
                "scripts or open connections may read the session's cookie",
                call.line,
                "leave it on",
            )
        if call.last in _OFF_METHODS and call.arguments and call.arguments[0].text == "false":
            yield Found(
                file.path, call.line, f"`{call.last}(false)` lets others read this cookie", call.line, "leave it on"
            )


def _assigns(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find models filled with all that a request holds, and messages sent to any window."""
    for call in calls(tree):
        text = " ".join(each.text for each in call.arguments)
        if _fills_record(tree, call, text):
            message = "all that the request holds is written, fields meant for nobody among it"
            suggestion = "name the fields that may be written"
        elif tree.language in SCRIPT and _fills_model(call, text):
            message = "a request becomes a query or a record whole: operators and fields meant for nobody among it"
            suggestion = "take the fields by name, as texts"
        elif tree.language in SCRIPT and _tells_any_window(call):
            message, suggestion = "any window may read this message", "name the origin it is meant for"
        elif tree.language in SCRIPT and _hears_anybody(call):
            message, suggestion = "messages of any window are taken", "look at the message's `origin` first"
        elif _is_pattern(tree, call):
            message = "a request chooses the pattern: it can be made to run for ever"
            suggestion = "escape it, or look for the text itself"
        else:
            continue
        yield Found(file.path, call.line, message, call.end_line, suggestion)


def _fills_record(tree: SyntaxTree, call: Call, text: str) -> bool:
    """Say whether Ruby or PHP fills a record with a whole request."""
    if tree.language == "ruby":
        return call.last == "permit!" or (
            call.last in _RUBY_FILLS
            and _RUBY_WHOLE.fullmatch(text) is not None
            and "params" not in parameters_of(tree, call.node)
        )
    if call.name == "extract" and re.search(r"\$_(?:GET|POST|REQUEST|COOKIE)", text):
        return True
    return tree.language == "php" and call.last in _PHP_FILLS and _PHP_WHOLE.fullmatch(text) is not None


def _tells_any_window(call: Call) -> bool:
    """Say whether a message goes to another window whatever its origin; one's own window is the same page."""
    if call.last != "postMessage" or len(call.arguments) < 2 or call.arguments[1].text.strip("'\"`") != "*":
        return False
    return re.match(r"(?:window|self|_?global\w*|globalThis)\.postMessage\Z|postMessage", call.name) is None


def _hears_anybody(call: Call) -> bool:
    """Say whether a window listens to messages and never asks where they come from."""
    if call.name not in ("window.addEventListener", "addEventListener") or len(call.arguments) < 2:
        return False
    handler = call.arguments[1].text
    return (
        call.arguments[0].text.strip("'\"`") == "message"
        and "=>" in handler + "=>" * ("function" in handler)
        and not re.search(r"origin|source|isTrusted", handler)
    )


def _fills_model(call: Call, text: str) -> bool:
    """Say whether a database call of JavaScript is given the whole body."""
    if call.last not in (
        "find",
        "findOne",
        "create",
        "updateOne",
        "update",
        "findOneAndUpdate",
        "insertOne",
        "deleteOne",
        "findByIdAndUpdate",
        "bulkCreate",
        "insertMany",
        "deleteMany",
        "updateMany",
        "findOneAndDelete",
        "assign",
    ):
        return False
    whole = r"(?:req|request|ctx\.request)\.(?:body|query)"
    if call.last == "assign":
        return (
            call.name == "Object.assign"
            and re.search(rf",\s*{whole}|\s{whole}$", text) is not None
            and re.match(r"(?:user|account|profile|doc|record|model|item|entity)\w*\b", text) is not None
        )
    return call.receiver is not None and re.search(rf"(?:^|\s|,|\$set:\s*){whole}(?:\s*\}}|,|\s|$)", text) is not None


def _is_pattern(tree: SyntaxTree, call: Call) -> bool:
    """Say whether a request is compiled as a regular expression."""
    if (
        not is_call(
            call,
            words("RegExp re.compile re.match re.search re.findall re.sub Regexp.new Pattern.compile Regex new.RegExp"),
        )
        or not call.arguments
    ):
        return False
    first = call.arguments[0]
    return (
        "escape" not in text_of(call.node).lower()
        and "quote" not in text_of(call.node)
        and is_from_request(tree, first)
        and is_from_outside(tree, first)
        and "escape" not in tree.text.lower()
    )


FORGERY = Rule(
    id="csrf-check-off",
    family="dangerous-call",
    severity="medium",
    title="Requests are not asked where they come from",
    explanation=(
        "Without the framework's token, any page the reader visits can act in their name. "
        "Calls of machines are told by a signature instead."
    ),
    bad=Example(
        "views.py",
        "from django.views.decorators.csrf import csrf_exempt\n\n@csrf_exempt\ndef pay(request):\n   "
        " return charge(request.user)\n",
    ),
    good=Example(
        "views.py",
        "from django.views.decorators.csrf import csrf_protect\n\n@csrf_protect\ndef pay(request):\n "
        "   return charge(request.user)\n",
    ),
    check=in_code(_forgery, ("csrf", "forgery", "xsrf", "authenticity_token")),
)
COOKIES = Rule(
    id="cookie-flags-off",
    family="dangerous-call",
    severity="medium",
    title="A session cookie without its protections",
    explanation=(
        "Without `HttpOnly` a script in the page reads the cookie, without `Secure` anybody "
        "on the way does. Leave both on."
    ),
    bad=Example("app.js", "app.use(session({ secret: key, cookie: { httpOnly: false } }))\n"),
    good=Example("app.js", "app.use(session({ secret: key, cookie: { httpOnly: true } }))\n"),
    check=in_code(
        _cookies,
        (
            "cookie",
            "sethttponly",
            "setsecure",
            "nodeintegration",
            "contextisolation",
            "websecurity",
            "force_ssl",
            "enableremotemodule",
            "insecurecontent",
        ),
        aside="none",
    ),
)
ASSIGNS = Rule(
    id="unfiltered-request",
    family="dangerous-call",
    severity="medium",
    title="A request is used whole",
    explanation=(
        "Records filled, queries and patterns made with all that a request holds let its sender set "
        "fields nobody meant to offer, put operators into queries, or "
        "keep the server busy for ever. Take what is needed by name."
    ),
    bad=Example("users.js", "async function create(req, res) {\n  res.json(await User.create(req.body))\n}\n"),
    good=Example(
        "users.js",
        "async function create(req, res) {\n  res.json(await User.create({ name: String(req.body.name) }))\n}\n",
    ),
    check=in_code(_assigns, ("permit", "message", "params", "request", "req.", "postmessage", "$_"), aside="none"),
)
