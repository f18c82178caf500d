"""Tells where the data in an expression come from: a request, a handler's parameters, or nobody outside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from localdev.rules.around import CLASSES, FUNCTIONS, ancestors, function_of, name_of
from localdev.rules.words import words
from localdev.source.syntax.calls import Call
from localdev.source.syntax.enclosing import enclosing
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import is_fixed, parameters_of, parameters_within, reaching
from localdev.source.syntax.tree import SyntaxTree, text_of
from localdev.source.syntax.values import Argument

Cleans = Callable[[SyntaxNode], bool]

_IDENTIFIERS = words("identifier variable_name shorthand_property_identifier constant instance_variable")
_STATEMENTS = words("assignment pair let_declaration keyed_element field_declaration")
_LONGEST_HEAD = 2_000  # characters of one part of a signature that are looked at
_STEPS = 4  # how many assignments back a value is followed
# What web frameworks call the data of a request, and other ways in.
_REQUEST = re.compile(
    r"""
    \b(?:self\.)?request\.(?:args|form|values|get_json|json|data|files|cookies|headers|GET|POST|FILES|COOKIES|META
    |query_params|path_params
    |query_string|params|body|match_info|rel_url|url|full_path|path|host|referrer|view_args|get_data|stream
    |originalUrl|param)\b
    | \bself\.get_(?:query_|body_)?arguments?\b
    | \b(?:req|request)\.(?:query|body|params|param|headers|cookies|url|originalUrl|get|header|path|hostname|files?
    |rawBody|nextUrl|searchParams)\b
    | \b(?:ctx|context|c)\.(?:query|params|request|req|cookies|param)\b
    | \b(?:event|evt)\.(?:queryStringParameters|pathParameters|body|data)\b | \bsearchParams\.get\b
    | \buseSearchParams\b
    | \b(?:window\.|document\.|self\.)?location\.(?:hash|search|href|pathname)\b
    | \bdocument\.(?:URL|documentURI|referrer|cookie|baseURI)\b
    | \bwindow\.(?:name|location)\b | \blocalStorage\b | \bURLSearchParams\b
    | \b(?:e|ev|evt|event|msg|message)\.data\b
    | \br(?:eq|equest)?\.(?:URL|FormValue|PostFormValue|Form|PostForm|Header|Body|RequestURI|PathValue|Host
    |MultipartForm|Cookie|Referer|FormFile)\b
    | \bc\.(?:Query|Param|PostForm|DefaultQuery|QueryParam|FormValue|Params|GetHeader|Request|FormFile|QueryParams
    |Body|Cookies|PathParam)\b
    | \b(?:mux\.Vars|chi\.URLParam)\b | \bctx\.(?:Query|Param|Params|FormValue|QueryArgs|PostArgs|UserValue)\b
    | \b\w*[rR]eq(?:uest)?\.get(?:Parameter|Header|QueryString|PathInfo|Cookies|RequestURI|RequestURL|InputStream
    |Reader|Part|ParameterValues|ParameterMap)\b
    | \b(?:this\.)?Request\.(?:Query|Form|Params|QueryString|Headers|Cookies|Body|Path|Url|RouteValues|Files)\b
    | \$_(?:GET|POST|REQUEST|COOKIE|FILES|SERVER|ENV)\b
    | \$request->(?:input|get|query|post|all|file|header|cookie|route|request|path|url|getParam|getQueryParams
    |getParsedBody)\b
    | \bRequest::(?:input|get|query|all)\b | \brequest\(\)?\s*->? | \bphp://input\b | \bfilter_input\b
    | (?<![\w.])params(?:\[|\.(?:require|permit|fetch|dig|expect)) | (?<![\w.@])(?:cookies|session)\[
    | \brequest\.(?:env|referer|query_parameters|request_parameters)\b
    | \b(?:originalname|getOriginalFilename|getSubmittedFileName|original_filename|client_filename)\b
    | \b(?:\w*[fF]ile|\w*[uU]pload\w*|attachment|part)\.(?:filename|FileName|Filename)\b
    | \b(?:rq|req|request)(?:\.|->(?=\w+\())(?:url|uri|path|path_info|query|query_string|match_info|headers|target
    |raw_url|params|url_params|get_(?:param|file|header)_value\w*|matches|path_params|fullpath|original_fullpath|original_url|user_agent
    |get_full_path|build_absolute_uri|queryParams|queryParam|pathParam|body|get(?:Parameter|Path|Query|Header|Uri)\w*)\b
    | \b\w*[eE]xchange\.getRequest(?:URI|Headers|Body)\b | \bctx\.(?:pathParam|queryParam|formParam|header|path)\b
    | \$request->get(?:Uri|Attribute|ServerParams|CookieParams|UploadedFiles|RequestTarget)\b
    | \benv(?:iron)?(?:\[|\.get\()['"](?:PATH_INFO|QUERY_STRING|REQUEST_URI|SCRIPT_NAME|HTTP_\w+)
    | \bgetenv\("(?:PATH_INFO|QUERY_STRING|REQUEST_URI|HTTP_\w+)" | \b(?:ri|hm|request_info)->(?:\w*uri|query\w*|body)\b
    # What is taken out of an address's escapes was in an address.
    | \b(?:decodeURIComponent|decodeURI|urldecode|rawurldecode|urllib\.parse\.unquote|parse\.unquote|CGI\.unescape
    |QueryUnescape|PathUnescape|URLDecoder\.decode|UrlDecode|decode_url|percent_decode_str|percent_decode)\(
    """,
    re.VERBOSE,
)
_HANDLER = re.compile(
    r"""
    http\.ResponseWriter | http\.Request\b | gin\.Context | echo\.Context | fiber\.Ctx | HttpServletRequest
    | HttpRequest | @RequestParam | @PathVariable | @RequestBody | @QueryParam | @PathParam
    | \[From(?:Query|Route|Body|Form|Header)\]
    | @(?:app|router|api|bp|blueprint|\w+_bp|\w+_router|routes|server|web)\.(?:route|get|post|put|delete|patch
    |websocket)\b
    | @(?:Get|Post|Put|Delete|Patch|Request)(?:Mapping)?\( | \[Http(?:Get|Post|Put|Delete|Patch)\b
    | web::(?:Path|Query|Json|Form)
    | \b(?:Path|Query|Json|Form)\(\s*\w+\s*\)\s*:\s*(?:\w+::)*(?:Path|Query|Json|Form)<
    | @(?:Query|Param|Body|Headers)\(
    | ActionResult | \#\[(?:get|post|put|delete|patch|route|head)\( | @app\.command
    | \bdef\s+\w+\(\s*(?:self,\s*)?request\b
    """,
    re.VERBOSE,
)


_HANDLER_CLASS = re.compile(
    r"RequestHandler|APIView|MethodView|HTTPEndpoint|Controller\b|ControllerBase|[(,]\s*Resource\s*\)|@RestController|@Controller|\[Route|\[ApiController|HttpServlet"
)
_OWN = words("self this cls")
_MAKERS = words("__init__ constructor initialize __construct")
# What a handler is handed itself, and hands on to what answers.
_HANDLES = words("r rq req request w rw res resp response c ctx context self this")
# A request that is taken apart: `const { body } = req`.
_WHOLE_REQUEST = re.compile(r"(?:ctx\.)?(?:req|request)|event")


def names_in(node: SyntaxNode, cleans: Cleans | None = None) -> Iterator[SyntaxNode]:
    """Yield the names that are read in an expression; nothing inside functions that stand in it, or of what cleans."""
    pending = [node]
    while pending:
        here = pending.pop()
        if cleans is not None and cleans(here):
            continue
        if here.type in _IDENTIFIERS or (here.type == "type_identifier" and _is_argument(here)):
            yield here
        elif here.type not in FUNCTIONS:
            pending.extend(reversed(here.children))


def _is_argument(node: SyntaxNode) -> bool:
    """Say whether what C++'s grammar takes for the type of a parameter is an argument: `ofstream out(path);`."""
    return node.parent is not None and node.parent.type == "parameter_declaration"


def unclean_text(argument: Argument, cleans: Cleans | None) -> str:
    """Give the text of an expression without what is made harmless in it, and without sentences and markup."""
    start, data = argument.node.start_byte, argument.text.encode("utf-8", "replace")
    pieces, at, pending = [], 0, [argument.node]
    while pending:
        here = pending.pop()
        if (cleans is not None and cleans(here)) or (here.type in _FRAGMENTS and _PROSE.search(here.text or b"")):
            pieces.append(data[at : here.start_byte - start])
            at = here.end_byte - start
        else:
            pending.extend(reversed(here.named_children))
    return b"".join([*pieces, data[at:]]).decode("utf-8", "replace")


_FRAGMENTS = words(
    "string_content string_fragment interpreted_string_literal_content raw_string_literal_content"
    " string_literal_content heredoc_content raw_string_content multiline_string_fragment"
)
_PROSE = re.compile(rb"[\s<]")


def values_behind(tree: SyntaxTree, argument: Argument, cleans: Cleans | None = None) -> Iterator[Argument]:
    """Yield an expression and those that the names in it were given, a few steps back; not those that are cleaned."""
    pending, seen = [(argument, 0)], {argument.node.id}
    while pending:
        here, depth = pending.pop()
        yield here
        if depth == _STEPS:
            continue
        for name in names_in(here.node, cleans):
            for found in reaching(tree, name):
                if found.value.node.id not in seen:
                    seen.add(found.value.node.id)
                    pending.append((found.value, depth + 1))


def is_from_request(tree: SyntaxTree, argument: Argument, cleans: Cleans | None = None) -> bool:
    """Say whether data of a request, a page's address or a command line are in an expression, uncleaned."""
    behind = list(values_behind(tree, argument, cleans))
    taken_apart = any(_WHOLE_REQUEST.fullmatch(each.text) for each in behind[1:])
    return taken_apart or any(
        _REQUEST.search(each.text) and _REQUEST.search(unclean_text(each, cleans)) for each in behind
    )


def is_from_parameter(tree: SyntaxTree, argument: Argument, cleans: Cleans | None = None) -> bool:
    """Say whether something handed to the enclosing functions is in an expression, and nothing cleans it."""
    return _holds(tree, argument, parameters_of(tree, argument.node), cleans)


def _holds(tree: SyntaxTree, argument: Argument, outside: set[str], cleans: Cleans | None) -> bool:
    """Say whether one of some names is read in an expression; a handle that is only handed on is not."""
    for each in values_behind(tree, argument, cleans):
        for name in names_in(each.node, cleans):
            text = text_of(name)
            handed_on = text in _HANDLES and name.parent is not None and name.parent.type.startswith("argument")
            if not handed_on and (text in outside or text.lstrip("$") in outside or f"${text}" in outside):
                return True
    return False


def requested_in(text: str) -> Iterator[str]:
    """Yield the data of a request as they are written in a text: `request.args['name']`."""
    for match in _REQUEST.finditer(text):
        rest = re.match(r"(?:\[[^\]]{0,60}\]|\([^()]{0,60}\)|\.\w+)*", text[match.end() :])
        yield match.group().strip() + (rest.group() if rest is not None else "")


def _handlers_of(tree: SyntaxTree, node: SyntaxNode) -> list[SyntaxNode]:
    """Give the functions around a node up to the one that answers requests; none where none does."""
    inmost = next(enclosing(tree, node, FUNCTIONS), None)
    known: dict[int, list[SyntaxNode]] = tree.kept.setdefault("handlers", {})
    if inmost is not None and inmost.id not in known:
        known[inmost.id] = _handlers_from(inmost)
    return known[inmost.id] if inmost is not None else []


def _handlers_from(inmost: SyntaxNode) -> list[SyntaxNode]:
    """Look for the one that answers requests from the inmost function out."""
    inside: list[SyntaxNode] = []
    for each in (inmost, *ancestors(inmost)):
        if each.type in FUNCTIONS:
            inside.append(each)
            if _HANDLER.search(_head(each)):
                return inside
        elif (
            each.type in CLASSES and each.type != "impl_item" and each.parent is not None
        ):  # a file of Python: `module`
            made = name_of(inside[-1]) in _MAKERS
            return inside if _HANDLER_CLASS.search(_head(each)) and not made else []
    return []


def _head(node: SyntaxNode) -> str:
    """Give what is written before the body of a function or a class, decorators and attributes too."""
    body, around = node.child_by_field_name("body"), node.parent
    own = [child for child in node.children if body is None or child.id != body.id]
    before: list[SyntaxNode] = []
    if around is not None and around.type == "decorated_definition":
        before = [child for child in around.children if child.id != node.id]
    elif node.type == "function_item" and around is not None:
        for child in around.children:
            if child.id == node.id:
                break
            before = [*before, child] if child.type == "attribute_item" else []
    return " ".join(text_of(each)[:_LONGEST_HEAD] for each in (*before, *own))


def is_from_outside(tree: SyntaxTree, argument: Argument, cleans: Cleans | None = None) -> bool:
    """Say whether an expression holds data of a request, or a parameter of a function that answers requests.

    `cleans` tells the nodes in which such data become harmless.
    """
    if argument.text in _HANDLES or is_fixed(tree, argument):
        return False
    if is_from_request(tree, argument, cleans):
        return True
    handlers = _handlers_of(tree, argument.node)
    outside = {name for each in handlers for name in parameters_within(tree, argument.node, each.id)}
    return bool(outside) and _holds(tree, argument, outside - _OWN, cleans)


def is_call(call: Call, names: frozenset[str]) -> bool:
    """Say whether a call goes by one of some names; one that begins with a dot is a method of anything."""
    return not names.isdisjoint(_forms(call.name, call.resolved))


@lru_cache(maxsize=4096)
def _forms(name: str, resolved: str) -> frozenset[str]:
    """Give the forms under which a table may hold a call: whole, its last two parts, its last part after a dot."""
    forms = {name, resolved}
    for each in (name, resolved):
        first, dot, last = each.rpartition(".")
        if dot:
            forms.update((f".{last}", f"{first.rpartition('.')[2]}.{last}"))
    return frozenset(forms)


def function_text(node: SyntaxNode) -> str:
    """Give the text of the named function around a node, or of the inmost one, or nothing at the top."""
    return text_of(function_of(node, named=True) or function_of(node))


def statement_of(node: SyntaxNode, longest: int = 600) -> str:
    """Give the text of the statement around a node, or as much around it as is not longer than some characters."""
    while node.parent is not None and not _is_statement(node):
        if node.parent.end_byte - node.parent.start_byte > longest:
            break
        node = node.parent
    return text_of(node)[:longest]


def _is_statement(node: SyntaxNode) -> bool:
    """Say whether a node is a statement, a declaration, or a member of an object."""
    return node.type.endswith(("statement", "declaration")) or node.type in _STATEMENTS
