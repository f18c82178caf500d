"""Tells where the data in an expression come from: a request, a handler's parameters, or nobody outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from localdev.rules.around import CLASSES, FUNCTIONS, ancestors, function_of
from localdev.rules.words import words
from localdev.source.syntax.calls import Call
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import is_fixed, parameters_of, reaching
from localdev.source.syntax.tree import SyntaxTree, text_of
from localdev.source.syntax.values import Argument

_IDENTIFIERS = words("identifier variable_name shorthand_property_identifier constant instance_variable")
_STATEMENTS = words("assignment pair let_declaration keyed_element field_declaration")
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
    | \b(?:file|\w*[uU]pload\w*|attachment|form_?[fF]ile|part)\.(?:filename|FileName|Filename)\b
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
    | ActionResult | @app\.command | \bdef\s+\w+\(\s*(?:self,\s*)?request\b
    """,
    re.VERBOSE,
)


_HANDLER_CLASS = re.compile(
    r"RequestHandler|APIView|MethodView|HTTPEndpoint|Controller\b|ControllerBase|Resource\)|@RestController|@Controller|\[Route|\[ApiController|HttpServlet"
)
# A request that is taken apart: `const { body } = req`.
_WHOLE_REQUEST = re.compile(r"(?:ctx\.)?(?:req|request)|event")


def names_in(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Yield the names that are read in an expression; nothing inside functions that stand in it."""
    pending = [node]
    while pending:
        here = pending.pop()
        if here.type in _IDENTIFIERS:
            yield here
        elif here.type not in FUNCTIONS:
            pending.extend(reversed(here.children))


def values_behind(tree: SyntaxTree, argument: Argument) -> Iterator[Argument]:
    """Yield an expression and those that the names in it were given, a few steps back."""
    pending, seen = [(argument, 0)], {argument.node.id}
    while pending:
        here, depth = pending.pop()
        yield here
        if depth == _STEPS:
            continue
        for name in names_in(here.node):
            for found in reaching(tree, name):
                if found.value.node.id not in seen:
                    seen.add(found.value.node.id)
                    pending.append((found.value, depth + 1))


def is_from_request(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether data of a request, a page's address or a command line are in an expression."""
    behind = list(values_behind(tree, argument))
    taken_apart = any(_WHOLE_REQUEST.fullmatch(each.text) for each in behind[1:])
    return taken_apart or any(_REQUEST.search(each.text) is not None for each in behind)


def is_from_parameter(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether something handed to the enclosing function is in an expression."""
    outside = parameters_of(tree, argument.node)
    found = (text_of(name).lstrip("$") for each in values_behind(tree, argument) for name in names_in(each.node))
    return any(name in outside or f"${name}" in outside for name in found)


def in_handler(node: SyntaxNode) -> bool:
    """Say whether the function around a node answers requests, as its signature or its decorators tell."""
    for each in ancestors(node):
        if each.type in FUNCTIONS:
            head = text_of(
                each.parent if each.parent is not None and each.parent.type == "decorated_definition" else each
            )
            body = each.child_by_field_name("body")
            if body is not None:
                head = head[: max(0, len(head) - len(text_of(body)))]
            if _HANDLER.search(head):
                return True
        elif each.type in CLASSES and each.type != "impl_item":
            around = text_of(
                each.parent if each.parent is not None and each.parent.type == "decorated_definition" else each
            )
            return (
                _HANDLER_CLASS.search(
                    around.partition("{")[0][:400] if "{" in around else around.partition(":\n")[0][:400]
                )
                is not None
            )
    return False


def is_from_outside(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether an expression holds data of a request, or a parameter of a function that answers requests."""
    if is_fixed(tree, argument):
        return False
    return is_from_request(tree, argument) or (in_handler(argument.node) and is_from_parameter(tree, argument))


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
