"""Objects, documents, templates and other queries made out of data."""

from __future__ import annotations

import pytest

from localdev.rules.injected import deserialising, queries, templates, xml
from localdev.rules.rule import Rule
from tests.rules.changing import findings
from tests.rules.rows import severities

D, X, T, Q = deserialising.RULE, xml.RULE, templates.RULE, queries.RULE
_FACTORY = (
    "class A { void f() throws Exception { DocumentBuilderFactory d = DocumentBuilderFactory.newInstance();\n"
    "%s d.newDocumentBuilder(); } }\n"
)
_GUARD = 'd.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);\n'
BAD = [
    (D, "a.py", "import pickle\ndef f(x):\n    return pickle.loads(x)\n"),
    (D, "a.py", "import yaml\ndef f(x):\n    return yaml.load(x)\n"),
    (D, "a.py", "import yaml\ndef f(x):\n    return yaml.load(x, Loader=yaml.Loader)\n"),
    (D, "a.py", "import torch\ndef f(x):\n    return torch.load(x)\n"),
    (D, "a.py", "import marshal\ndef f(x):\n    return marshal.loads(x)\n"),
    (D, "a.py", "import numpy as np\ndef f(x):\n    return np.load(x, allow_pickle=True)\n"),
    (D, "a.py", "import joblib\ndef f(x):\n    return joblib.load(x)\n"),
    (D, "a.js", "const s = require('node-serialize');\nfunction f(x) { return s.unserialize(x); }\n"),
    (
        D,
        "A.java",
        "class A { Object f(InputStream in) throws Exception { ObjectInputStream o = new "
        "ObjectInputStream(in); return o.readObject(); } }\n",
    ),
    (D, "A.java", "class A { Object f(InputStream in) { return new XMLDecoder(in); } }\n"),
    (
        D,
        "A.java",
        "import com.thoughtworks.xstream.XStream;\n"
        "class A { Object f(String x) { return new XStream().fromXML(x); } }\n",
    ),
    (D, "A.java", "class A { void f(ObjectMapper m) { m.enableDefaultTyping(); } }\n"),
    (
        D,
        "A.java",
        "import org.yaml.snakeyaml.Yaml;\nclass A { Object f(String x) { Yaml y = new Yaml(); return y.load(x); } }\n",
    ),
    (D, "a.cs", "class A { object F(Stream s) { var b = new BinaryFormatter(); return b.Deserialize(s); } }\n"),
    (
        D,
        "a.cs",
        "class A { void F() { var s = new JsonSerializerSettings { TypeNameHandling = TypeNameHandling.All }; } }\n",
    ),
    (D, "a.rb", "def f(x)\n  Marshal.load(x)\nend\n"),
    (D, "a.rb", "def f(x)\n  YAML.load(x)\nend\n"),
    (D, "a.rb", "def f(path)\n  YAML.load(File.read(path))\nend\n"),
    (D, "a.php", "<?php\nfunction f($x) { return unserialize($x); }\n"),
    (X, "a.py", "from lxml import etree\np = etree.XMLParser(resolve_entities=True)\n"),
    (X, "a.js", "const l = require('libxmljs');\nfunction f(x) { return l.parseXml(x, { noent: true }); }\n"),
    (X, "A.java", _FACTORY % ""),
    (X, "A.java", "class A { void f() { XMLInputFactory x = XMLInputFactory.newFactory(); } }\n"),
    (
        X,
        "A.java",
        "class A { void f(SAXParserFactory x) { "
        'x.setFeature("http://xml.org/sax/features/external-general-entities", true); } }\n',
    ),
    (X, "a.cs", "class A { void F() { var s = new XmlReaderSettings { DtdProcessing = DtdProcessing.Parse }; } }\n"),
    (X, "a.cs", "class A { void F(XmlDocument d) { d.XmlResolver = new XmlUrlResolver(); } }\n"),
    (X, "a.php", "<?php\nfunction f($x) { $d->loadXML($x, LIBXML_NOENT | LIBXML_DTDLOAD); }\n"),
    (X, "a.rb", "def f(x)\n  Nokogiri::XML(x) { |c| c.noent }\nend\n"),
    (X, "a.c", "void f(const char *x, int n) { xmlReadMemory(x, n, 0, 0, XML_PARSE_NOENT); }\n"),
    (
        T,
        "a.py",
        "from flask import render_template_string, request\ndef f():\n"
        "    return render_template_string('Hi ' + request.args['n'])\n",
    ),
    (T, "a.py", "from jinja2 import Template\ndef f(x):\n    return Template(f'Hi {x}').render()\n"),
    (T, "a.js", "const ejs = require('ejs');\napp.get('/', (req, res) => res.send(ejs.render(req.query.t)));\n"),
    (T, "a.rb", "def f\n  ERB.new(params[:t]).result\nend\n"),
    (T, "a.php", "<?php\nfunction f($twig) { return $twig->createTemplate($_GET['t']); }\n"),
    (
        T,
        "a.go",
        'package p\nimport "text/template"\n'
        'func f(w http.ResponseWriter, r *http.Request) { template.New("x").Parse(r.FormValue("t")) }\n',
    ),
    (Q, "a.py", "import ldap\ndef f(c, x):\n    c.search_s('dc=a', 2, '(uid=%s)' % x)\n"),
    (
        Q,
        "A.java",
        "import javax.naming.directory.DirContext;\n"
        'class A { void f(DirContext c, String x) throws Exception { c.search("ou=a", "(uid=" + x + ")", k); } }\n',
    ),
    (Q, "a.cs", 'class A { void F(DirectorySearcher s, string x) { s.Filter = "(uid=" + x + ")"; } }\n'),
    (
        Q,
        "A.java",
        'class A { void f(XPath xpath, String x) throws Exception { xpath.evaluate("//user[name=\'" + x + '
        '"\']", doc); } }\n',
    ),
    (Q, "a.php", "<?php\nfunction f(DOMXPath $xpath, $x) { return $xpath->query(\"//user[name='$x']\"); }\n"),
    (Q, "a.js", "app.post('/', (req, res) => User.findOne(req.body));\n"),
    (Q, "a.js", "function f(users, x) { return users.find({ $where: `this.name == '${x}'` }); }\n"),
    (D, "a.php", '<?php\nfunction f() { $d = unserialize(base64_decode($_COOKIE["d"])); }\n'),
    (D, "a.py", "import pickle\ndef f(path):\n    with open(path, 'rb') as h:\n        return pickle.load(h)\n"),
    (
        D,
        "A.java",
        "class A { Object f(byte[] b) throws Exception { try (ObjectInputStream in = new "
        "ObjectInputStream(new ByteArrayInputStream(b))) { return in.readObject(); } } }\n",
    ),
    (D, "a.rb", "def f(s)\n  Marshal.load(Base64.decode64(s))\nend\n"),
    (D, "a.cs", "class A { object F(Stream s) { return new BinaryFormatter().Deserialize(s); } }\n"),
    (
        D,
        "a.js",
        "const serialize = require('node-serialize');\n"
        "module.exports = (req) => serialize.unserialize(req.cookies.p);\n",
    ),
    (
        X,
        "a.cpp",
        "void f(const char *x) { xmlDocPtr d = xmlReadFile(x, NULL, XML_PARSE_NOENT | XML_PARSE_DTDLOAD); }\n",
    ),
    (
        X,
        "a.php",
        "<?php\nfunction f($x) { libxml_disable_entity_loader(false); return simplexml_load_string($x, "
        "'SimpleXMLElement', LIBXML_NOENT); }\n",
    ),
    (
        X,
        "a.cs",
        "class A { void F(Stream s) { var r = new XmlTextReader(s); r.DtdProcessing = "
        "DtdProcessing.Parse; r.XmlResolver = new XmlUrlResolver(); } }\n",
    ),
    (X, "a.rb", "def f(x)\n  Nokogiri::XML(x, nil, nil, Nokogiri::XML::ParseOptions::NOENT)\nend\n"),
]
GOOD = [
    (D, "a.py", "import json, pickle\ndef f(x):\n    json.loads(x)\n    return pickle.loads(pickle.dumps(x))\n"),
    (
        D,
        "a.py",
        "import yaml\ndef f(x):\n    yaml.safe_load(x)\n    yaml.load(x, Loader=yaml.SafeLoader)\n"
        "    yaml.load(x, yaml.CSafeLoader)\n",
    ),
    (D, "a.py", "import torch, numpy as np\ndef f(x):\n    torch.load(x, weights_only=True)\n    np.load(x)\n"),
    (D, "a.js", "const y = require('js-yaml');\nfunction f(x) { return y.load(x); }\n"),
    (
        D,
        "A.java",
        "class A { private void readObject(ObjectInputStream in) throws Exception { "
        "in.defaultReadObject(); x = in.readObject(); } }\n",
    ),
    (
        D,
        "A.java",
        "class A { Object f(InputStream in) throws Exception { ObjectInputStream o = new "
        "ObjectInputStream(in); o.setObjectInputFilter(F); return o.readObject(); } }\n",
    ),
    (
        D,
        "A.java",
        "import org.yaml.snakeyaml.Yaml;\n"
        "class A { Object f(String x) { return new Yaml(new SafeConstructor(new LoaderOptions())).load(x); } }\n",
    ),
    (
        D,
        "a.cs",
        "class A { object F(string s) { return JsonSerializer.Deserialize<A>(s); var t = TypeNameHandling.None; } }\n",
    ),
    (D, "a.rb", "def f(x)\n  YAML.safe_load(x)\n  JSON.parse(x)\n  Marshal.load(Marshal.dump(x))\nend\n"),
    (D, "a.php", "<?php\nfunction f($x) { return unserialize($x, ['allowed_classes' => false]); }\n"),
    (X, "a.py", "from lxml import etree\np = etree.XMLParser(resolve_entities=False, no_network=True)\n"),
    (X, "A.java", _FACTORY % _GUARD),
    (
        X,
        "a.cs",
        "class A { void F() { var s = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, "
        "XmlResolver = null }; } }\n",
    ),
    (X, "a.php", "<?php\nfunction f($x) { $d->loadXML($x, LIBXML_NONET); }\n"),
    (X, "a.c", "void f(const char *x, int n) { xmlReadMemory(x, n, 0, 0, XML_PARSE_NONET); }\n"),
    (
        T,
        "a.py",
        "from flask import render_template_string, request\ndef f():\n"
        "    return render_template_string('Hi {{ n }}', n=request.args['n'])\n",
    ),
    (T, "a.py", "from string import Template\ndef f(x):\n    return Template('a ' + x)\n"),
    (T, "a.js", "const ejs = require('ejs');\nfunction f(source) { return ejs.render(source, {}); }\n"),
    (T, "a.go", 'package p\nimport "net/url"\nfunc f(x string) { url.Parse("http://" + x) }\n'),
    (
        Q,
        "a.py",
        "import ldap\nfrom ldap.filter import escape_filter_chars as e\ndef f(c, x):\n"
        "    c.search_s('dc=a', 2, '(uid=%s)' % e(x))\n    c.search_s('dc=a', 2, '(uid=a)')\n",
    ),
    (Q, "a.js", "function f(users, x) { return users.findOne({ name: String(x) }); }\n"),
    (Q, "A.java", "class A { void f(XPath xpath) throws Exception { xpath.evaluate(\"//user[name='a']\", doc); } }\n"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_data_that_decide_are_found(rule: Rule, path: str, text: str) -> None:
    """Each language's loaders, parsers, template engines and query languages."""
    assert any(each in ("medium", "high") for each in severities(rule, path, text))


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_safe_forms_are_left_alone(rule: Rule, path: str, text: str) -> None:
    """The same done right."""
    assert severities(rule, path, text) == []


def test_a_guard_that_is_taken_away_is_found() -> None:
    """A factory that was there before counts when the change removes what made it safe."""
    assert severities(X, "A.java", _FACTORY % "", _FACTORY % _GUARD) == ["medium"]


@pytest.mark.parametrize(("version", "found"), [("^3.14.0", 1), ("^4.1.0", 0)])
def test_old_js_yaml_is_told_by_its_version(version: str, found: int) -> None:
    """`load` made functions before version 4."""
    text = "const y = require('js-yaml');\nexports.f = (x) => y.load(x);\n"
    beside = {"package.json": f'{{"dependencies": {{"js-yaml": "{version}"}}}}\n'}
    assert len(findings(beside, {**beside, "a.js": text}, [D])) == found


def test_going_back_from_defused_parsers_is_found() -> None:
    """The guard was the library itself."""
    old = "import defusedxml.ElementTree as ET\n\ndef f(x):\n    return ET.fromstring(x)\n"
    assert severities(X, "a.py", old.replace("defusedxml", "xml.etree", 1), old) == ["medium"]


def test_data_of_unknown_origin_are_less_than_those_of_a_request() -> None:
    """PHP's `unserialize` is judged like pickle."""
    assert severities(D, "a.php", "<?php\nfunction f($x) { return unserialize($x); }\n") == ["medium"]
    assert severities(D, "a.php", "<?php\n$x = unserialize($_GET['x']);\n") == ["high"]
