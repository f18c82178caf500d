"""Addresses that a request chooses: where the server connects to, and where it sends the reader."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.dangerous.data import is_call, is_from_outside, is_from_request, values_behind
from localdev.rules.dangerous.guards import checks_address
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.tree import SyntaxTree, text_of
from localdev.source.syntax.values import Argument

_FETCHES = words(
    """
    requests.get requests.post requests.put requests.head requests.delete requests.request requests.patch
    urllib.request.urlopen urlopen urllib.request.urlretrieve urllib2.urlopen
    httpx.get httpx.post httpx.stream httpx.request client.get session.get session.post session.request client.post
    client.request aiohttp.request http.request
    axios axios.get axios.post axios.request axios.put fetch node-fetch got got.get needle superagent.get request
    request.get http.get https.get http.request https.request undici.request undici.fetch puppeteer.goto page.goto
    http.Get http.Post http.Head http.NewRequest http.NewRequestWithContext net.Dial client.Get resty.Get
    http.PostForm net/http.Get net/http.NewRequest
    URL HttpGet HttpPost restTemplate.getForObject restTemplate.getForEntity restTemplate.exchange URI.create
    Jsoup.connect HttpRequest.newBuilder .openConnection WebClient.create
    client.GetAsync client.GetStringAsync httpClient.GetAsync httpClient.GetStringAsync _httpClient.GetAsync
    _client.GetAsync _httpClient.GetStringAsync WebRequest.Create HttpWebRequest.Create .DownloadString
    .DownloadData .GetByteArrayAsync .GetStringAsync .GetStreamAsync
    Net.HTTP.get Net.HTTP.get_response Net.HTTP.post URI.open open-uri.open HTTParty.get HTTParty.post
    RestClient.get RestClient.post Faraday.get Faraday.post HTTP.get Typhoeus.get Excon.get URI.parse.open
    curl_init file_get_contents curl_setopt Http.get Http.post Guzzle.get client.request client.get fopen
    get_headers getimagesize
    reqwest.get reqwest.blocking.get client.get Client.new.get ureq.get surf.get
    """
)
_REDIRECTS = words(
    """
    redirect flask.redirect django.shortcuts.redirect HttpResponseRedirect HttpResponsePermanentRedirect
    RedirectResponse starlette.responses.RedirectResponse fastapi.responses.RedirectResponse web.HTTPFound HTTPFound
    HTTPSeeOther
    res.redirect response.redirect reply.redirect ctx.redirect Response.redirect NextResponse.redirect
    window.location.assign window.location.replace location.assign location.replace window.open
    http.Redirect net/http.Redirect c.Redirect ctx.Redirect response.sendRedirect resp.sendRedirect res.sendRedirect
    .sendRedirect RedirectView Response.Redirect Redirect RedirectPermanent redirect_to redirect_back
    header Redirect.to Redirect.away .away RedirectResponse Results.Redirect Redirect.permanent Redirect.temporary
    Response.seeOther Response.temporaryRedirect
    """
)
_PLACES = re.compile(r"(?:(?:window|document|self|top|parent)\.)?location(?:\.href)?|window\.location(?:\.href)?")
_ADDRESS_OPTIONS = ("url", "uri", "baseURL", "href")
_BROWSER = re.compile(
    r"\b(?:document|window|navigator)\.\w|\baddEventListener\(|\bimportScripts\(|\bonmessage\b|['\"]use client"
)
# The host is fixed where the text begins with it, or with a path on this host.
_FIXED_HOST = re.compile(
    r"""[a-zA-Z$@]{0,2}["'`](?:https?://[^"'`{$/?#\s]+\.?[^"'`{$]*[/?#]|/(?![/\\])|\?|\#|mailto:|Location:\s*/(?!/)|Location:\s*https?://[^"'`{$]+/|redirect:/(?!/))"""
)
_FIXED_FIRST = re.compile(
    r"""\s*(?:\(?\s*(?:[A-Z][A-Z0-9_]+|self\.\w*(?:url|base|host|root|endpoint)\w*|this\.\w*(?:[uU]rl|[bB]ase|[hH]ost)\w*|\w*(?:base|BASE|Base|ENDPOINT|endpoint|origin|API|api)\w*)(?:\(\))?\s*[+.,]|f?["'`]\$?\{\s*(?:[A-Z][A-Z0-9_.]+|self\.\w+|this\.\w+|\w*(?:base|Base|host|endpoint|api)\w*|process\.env\.\w+|settings\.\w+|config\.\w+)\s*\})"""
)


def _server(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find requests of the server to where its own caller says; pages and workers ask for what they like."""
    if tree.language in SCRIPT and _BROWSER.search(tree.text):
        return
    for call in calls(tree):
        if not call.arguments or not is_call(call, _FETCHES) or not file.touched(call.line, call.end_line):
            continue
        if call.name == "URL" and tree.language in SCRIPT:
            continue
        if call.name == "curl_setopt" and call.arguments[min(1, len(call.arguments) - 1)].text != "CURLOPT_URL":
            continue
        if _is_chosen(tree, call):
            yield Found(
                file.path,
                call.line,
                "a request chooses where the server connects to: it reaches what only the server may",
                min(call.end_line, call.line + 5),
                "take the host from a list of allowed ones",
            )


def _reader(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find redirects of the reader to where a link says."""
    message, suggestion = (
        "the address to go to comes from outside: a link to this page leads to any site",
        "allow only paths of this site, or hosts of a list",
    )
    for call in calls(tree):
        if not call.arguments or not is_call(call, _REDIRECTS) or not file.touched(call.line, call.end_line):
            continue
        if call.name == "header" and "ocation" not in call.arguments[0].text:
            continue
        if _is_chosen(tree, call):
            yield Found(file.path, call.line, message, min(call.end_line, call.line + 5), suggestion)
    for each in assignments(tree) if tree.language in SCRIPT else ():
        if (
            _PLACES.fullmatch(each.target)
            and not _has_fixed_host(tree, each.value)
            and is_from_request(tree, each.value)
            and not checks_address(tree, each.value.node, [each.value])
        ) and ("location" not in each.value.text or "search" in each.value.text or "hash" in each.value.text):
            yield Found(file.path, each.line, message, each.end_line, suggestion)


def _is_chosen(tree: SyntaxTree, call: Call) -> bool:
    """Say whether one of the first arguments lets a request choose the host, and nothing checks it."""
    if _ONLY_HERE.search(text_of(call.node)):
        return False
    chosen = [each for each in call.arguments[:_PLACES_OF_ADDRESS] if _chooses(tree, each)]
    return bool(chosen) and not checks_address(tree, call.node, chosen)


_PLACES_OF_ADDRESS = 3
_ONLY_HERE = re.compile(r"only_path:\s*true|allow_other_host:\s*false")


def _chooses(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether an argument lets a request choose the host."""
    if argument.keyword and argument.keyword not in _ADDRESS_OPTIONS and argument.keyword != "redirect_to":
        return False
    text = argument.text
    if (
        text in ("r", "req", "request", "w", "ctx", "c")
        or argument.kind == "literal"
        or (text.startswith(("r.Context", "ctx.", "http.Method", "{", "r.Body")) and "url" not in text)
    ):
        return False
    return not _has_fixed_host(tree, argument) and is_from_outside(tree, argument)


def _has_fixed_host(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether the text of an address begins with a fixed host, or a path of this one."""
    return any(
        _FIXED_HOST.match(each.text.strip()) or _FIXED_FIRST.match(each.text.strip())
        for each in list(values_behind(tree, argument))[:3]
    )


SERVER = Rule(
    id="request-forgery",
    family="dangerous-call",
    severity="high",
    title="A request chooses where the server connects to",
    explanation=(
        "A server that fetches any address it is told reaches what only it may reach: the cloud's "
        "metadata, databases, other services. Take the host "
        "from a list of allowed ones. Texts that begin with a fixed host are left alone."
    ),
    bad=Example(
        "proxy.py",
        "import requests\nfrom flask import request\n\ndef proxy():\n    return "
        "requests.get(request.args['url']).text\n",
    ),
    good=Example(
        "proxy.py",
        "import requests\nfrom flask import request\n\ndef proxy():\n    return requests.get(f\"https://api.example.com/items/{request.args['id']}\").text\n",
    ),
    check=in_code(
        _server, ("http", "url", "fetch", "axios", "got", "request", "curl", "net.dial", "reqwest", "goto", "client")
    ),
)
READER = Rule(
    id="open-redirect",
    family="dangerous-call",
    severity="medium",
    title="A link leads through this site to any other",
    explanation=(
        "Redirecting to an address from the request lends this site's name to whoever makes the "
        "link. Allow only paths of this site, or hosts of a list."
    ),
    bad=Example(
        "login.py", "from flask import redirect, request\n\ndef done():\n    return redirect(request.args['next'])\n"
    ),
    good=Example(
        "login.py", "from flask import redirect, url_for\n\ndef done():\n    return redirect(url_for('home'))\n"
    ),
    check=in_code(_reader, ("redirect", "location", "httpfound", "seeother", "window.open", "away")),
)
