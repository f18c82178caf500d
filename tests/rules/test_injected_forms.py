"""More forms of data that decide: entities, objects, code, templates, filters."""

from __future__ import annotations

import pytest

from localdev.rules.injected import code, deserialising, queries, shell, sql, templates, xml
from tests.rules.changing import findings

RULES = [code.RULE, deserialising.RULE, queries.RULE, shell.RULE, sql.RULE, templates.RULE, xml.RULE]
BAD = [
    (
        "a.php",
        "<?php\nfunction f($dom, $x) { $o = LIBXML_NOWARNING;\n $o |= LIBXML_DTDLOAD | LIBXML_NOENT;\n"
        " $dom->loadXML($x, $o); }\n",
    ),
    ("a.php", "<?php\nfunction f($x) { return simplexml_load_string($x, 'SimpleXMLElement', LIBXML_NOENT); }\n"),
    (
        "a.php",
        "<?php\n"
        "class A { const O = LIBXML_NOENT | LIBXML_NOERROR; function f($x) { $d = new "
        "DOMDocument(); $d->loadXML($x, self::O); } }\n",
    ),
    ("a.php", "<?php\nfunction f($x) { $d = new DOMDocument(); $d->substituteEntities = true; $d->loadXML($x); }\n"),
    (
        "a.c",
        "void f(const char *x, int n) { int o = XML_PARSE_NOENT | XML_PARSE_DTDLOAD; xmlDocPtr d "
        "= xmlReadMemory(x, n, 0, 0, o); }\n",
    ),
    (
        "a.rb",
        "def f(x)\n  o = Nokogiri::XML::ParseOptions::NOENT | Nokogiri::XML::ParseOptions::DTDLOAD\n"
        "  Nokogiri::XML(x, nil, nil, o)\nend\n",
    ),
    ("a.rb", "def f(x)\n  Nokogiri::XML(x) { |config| config.noent }\nend\n"),
    (
        "a.py",
        "from lxml import etree\nO = {'resolve_entities': True}\ndef f(x):\n"
        "    return etree.fromstring(x, etree.XMLParser(**O))\n",
    ),
    (
        "a.py",
        "from lxml import etree\nO = dict(resolve_entities=True, no_network=False)\ndef f(x):\n"
        "    return etree.fromstring(x, etree.XMLParser(**O))\n",
    ),
    (
        "a.py",
        "import xml.sax\ndef f(x):\n    p = xml.sax.make_parser()\n"
        "    p.setFeature(xml.sax.handler.feature_external_ges, True)\n    p.parse(x)\n",
    ),
    (
        "a.js",
        "const libxml = require('libxmljs');\n"
        "function f(x) { const o = { noent: true }; return libxml.parseXml(x, o); }\n",
    ),
    (
        "a.js",
        "const libxml = require('libxmljs');\n"
        "function f(x) { return libxml.parseXmlString(x, { noent: true, dtdload: true }); }\n",
    ),
    (
        "a.cs",
        "class A { void F(Stream s) { var st = new XmlReaderSettings(); st.DtdProcessing = "
        "DtdProcessing.Parse; st.XmlResolver = new XmlUrlResolver(); XmlReader.Create(s, st); } }\n",
    ),
    (
        "a.cs",
        "class A { void F(string x) { var d = new XmlDocument(); d.XmlResolver = new "
        "XmlUrlResolver(); d.LoadXml(x); } }\n",
    ),
    (
        "A.java",
        "class A { void f(InputStream i) throws Exception { XMLInputFactory x = "
        "XMLInputFactory.newInstance(); x.createXMLStreamReader(i); } }\n",
    ),
    (
        "A.java",
        "class A { void f(InputStream i) throws Exception { SAXParser p = "
        "SAXParserFactory.newInstance().newSAXParser(); p.parse(i, h); } }\n",
    ),
    (
        "a.go",
        'package p\nimport "github.com/lestrrat-go/libxml2/parser"\n'
        "func f(x []byte) { p := parser.New(parser.XMLParseNoEnt)\n p.Parse(x) }\n",
    ),
    ("a.py", "import pickle\ndef f(path):\n    with open(path, 'rb') as h:\n        return pickle.load(h)\n"),
    (
        "a.py",
        "import base64, pickle\ndef f(request):\n    return pickle.loads(base64.b64decode(request.cookies['s']))\n",
    ),
    ("a.py", "import pandas as pd\ndef f(p):\n    return pd.read_pickle(p)\n"),
    ("a.py", "import torch\ndef f(p):\n    return torch.load(p)\n"),
    ("a.py", "from yaml import load, Loader\ndef f(s):\n    return load(s, Loader=Loader)\n"),
    ("a.py", "import jsonpickle\ndef f(s):\n    return jsonpickle.decode(s)\n"),
    ("a.py", "import numpy as np\ndef f(p):\n    return np.load(p, allow_pickle=True)\n"),
    (
        "a.py",
        "import multiprocessing.connection\nfrom pickle import Unpickler\ndef f(s):\n    return Unpickler(s).load()\n",
    ),
    ("a.rb", "def f(s)\n  Marshal.load(Base64.decode64(s))\nend\n"),
    ("a.rb", "def f\n  YAML.load(request.body.read)\nend\n"),
    ("a.php", "<?php\nfunction f() { return unserialize(base64_decode($_COOKIE['s'])); }\n"),
    ("a.php", "<?php\nfunction f($s) { return unserialize($s, ['allowed_classes' => true]); }\n"),
    ("a.cs", "class A { object F(Stream s) { var f = new BinaryFormatter(); return f.Deserialize(s); } }\n"),
    (
        "a.cs",
        "class A { object F(string s) { return JsonConvert.DeserializeObject<object>(s, new "
        "JsonSerializerSettings { TypeNameHandling = TypeNameHandling.All }); } }\n",
    ),
    (
        "a.cs",
        "class A { object F(Stream s, string t) { return new "
        'XmlSerializer(Type.GetType(Request.Query["t"])).Deserialize(s); } }\n',
    ),
    ("a.cs", "class A { object F(Stream s) { return new NetDataContractSerializer().ReadObject(s); } }\n"),
    (
        "A.java",
        "class A { Object f(InputStream i) throws Exception { try (ObjectInputStream o = new "
        "ObjectInputStream(i)) { return o.readObject(); } } }\n",
    ),
    (
        "A.java",
        "class A { Object f(InputStream i) throws Exception { ObjectInputStream o = new "
        "ObjectInputStream(new BufferedInputStream(i)); return o.readObject(); } }\n",
    ),
    ("A.java", "import org.yaml.snakeyaml.Yaml;\nclass A { Object f(String s) { return new Yaml().load(s); } }\n"),
    (
        "A.java",
        "import com.thoughtworks.xstream.XStream;\n"
        "class A { Object f(String s) { return new XStream().fromXML(s); } }\n",
    ),
    ("A.java", "class A { void f() { ObjectMapper m = new ObjectMapper(); m.enableDefaultTyping(); } }\n"),
    (
        "a.js",
        "const s = require('node-serialize');\n"
        "module.exports = (req, res) => res.json(s.unserialize(req.cookies.p));\n",
    ),
    ("a.ts", "import { unserialize } from 'node-serialize';\nexport const f = (x: string) => unserialize(x);\n"),
    (
        "a.ts",
        "import {runInNewContext} from 'vm';\n"
        "export async function f(p: string) { const c = await fs.readFile(p, 'utf8');\n"
        " return runInNewContext(`(${c})`, {}, {timeout: 5}); }\n",
    ),
    ("a.js", "const vm = require('vm');\nfunction f(p) { return vm.runInThisContext(fs.readFileSync(p, 'utf8')); }\n"),
    (
        "a.js",
        "const vm = require('node:vm');\nfunction f(x) { const s = new vm.Script(x); return s.runInNewContext({}); }\n",
    ),
    ("a.js", "function f(req) { const fn = new Function('x', `return ${req.body.expr}`); return fn(1); }\n"),
    (
        "a.js",
        "const f = async (name) => { const AsyncFunction = (async () => {}).constructor; return "
        "new AsyncFunction(name)(); };\n",
    ),
    ("a.js", "module.exports = (req, res) => { res.send(require('./pages/' + req.params.page)); };\n"),
    ("a.py", "def f(path):\n    ns = {}\n    with open(path) as h:\n        exec(h.read(), ns)\n"),
    ("a.py", "def f(cell):\n    try:\n        return eval(cell, {}, {})\n    except Exception:\n        return cell\n"),
    (
        "a.py",
        "import importlib\nfrom flask import request\ndef f():\n"
        "    return importlib.import_module(request.args['m'])\n",
    ),
    ("a.py", "import pandas as pd\ndef f(df: pd.DataFrame, request):\n    return df.query(request.GET['q'])\n"),
    ("a.rb", "def f(path)\n  eval(File.read(path))\nend\n"),
    ("a.rb", "def f(line)\n  name, value = line.split('=')\n  @vars[name] = eval(value)\nend\n"),
    ("a.rb", "def f(k)\n  Object.const_get(params[:class]).new\nend\n"),
    ("a.php", "<?php\n$page = $_GET['page'];\nrequire_once(\"pages/$page\");\n"),
    ("a.php", "<?php\nfunction f($f) { return array_map($_GET['fn'], $f); }\n"),
    (
        "A.java",
        "class A { Object f(String e) { ExpressionParser p = new SpelExpressionParser(); "
        "Expression x = p.parseExpression(e); return x.getValue(); } }\n",
    ),
    (
        "A.java",
        "import javax.script.*;\n"
        "class A { Object f(String e) throws Exception { ScriptEngineManager m = new "
        'ScriptEngineManager(); ScriptEngine s = m.getEngineByName("nashorn"); return s.eval(e); } }\n',
    ),
    (
        "a.go",
        'package p\nimport "github.com/traefik/yaegi/interp"\n'
        "func f(x string) { i := interp.New(interp.Options{})\n i.Eval(x) }\n",
    ),
    (
        "a.go",
        'package p\nimport lua "github.com/yuin/gopher-lua"\nfunc f(x string) { L := lua.NewState()\n'
        " L.DoString(x) }\n",
    ),
    ("a.cs", 'class A { object F(string e) { return CSharpScript.EvaluateAsync<int>($"1 + {e}").Result; } }\n'),
    ("a.c", 'void f(const char *x) { char b[99]; snprintf(b, 99, "print(%s)", x); PyRun_SimpleString(b); }\n'),
    ("a.rs", "fn f(x: &str) -> R { let engine = Engine::new(); engine.eval::<i64>(x) }\n"),
    (
        "a.py",
        "from jinja2 import Environment\ndef f(request):\n"
        "    return Environment().from_string(request.args['t']).render()\n",
    ),
    ("a.py", "from jinja2 import Template\ndef f(name):\n    return Template('Hello ' + name).render()\n"),
    ("a.py", "from jinja2 import Template\ndef f(name):\n    t = f'Hello {name}'\n    return Template(t).render()\n"),
    ("a.js", "const pug = require('pug');\napp.post('/', (req, res) => res.send(pug.render(req.body.t)));\n"),
    (
        "a.js",
        "const h = require('handlebars');\n"
        "app.post('/', (req, res) => { const t = h.compile(`Hi ${req.body.n}`); res.send(t({})); });\n",
    ),
    ("a.rb", "def f\n  ERB.new(params[:t]).result(binding)\nend\n"),
    ("a.rb", 'def f\n  render inline: "<p>#{params[:n]}</p>"\nend\n'),
    ("a.php", "<?php\nfunction f($twig) { return $twig->createTemplate('Hi ' . $_GET['n'])->render(); }\n"),
    (
        "A.java",
        "class A { void doGet(HttpServletRequest r) throws Exception { Velocity.evaluate(c, w, "
        '"x", "Hi " + r.getParameter("n")); } }\n',
    ),
    (
        "a.go",
        'package p\nimport "text/template"\n'
        'func f(w http.ResponseWriter, r *http.Request) { t, _ := template.New("x").Parse("Hi " '
        '+ r.FormValue("n"))\n t.Execute(w, nil) }\n',
    ),
    (
        "a.js",
        "app.post('/', async (req, res) => { const u = await User.findOne({ name: req.body.name, "
        "password: req.body.password }); });\n",
    ),
    (
        "a.js",
        "app.post('/', async (req, res) => { const { name, password } = req.body; const u = "
        "await User.findOne({ name, password }); });\n",
    ),
    (
        "a.ts",
        "export async function f(db: Db, email: string) { return db.collection('u').find({ "
        "$where: `this.email.toLowerCase() === '${email}'` }).toArray(); }\n",
    ),
    (
        "a.js",
        "app.get('/', async (req, res) => { res.json(await "
        "db.collection('u').find(JSON.parse(req.query.q)).toArray()); });\n",
    ),
    ("a.php", "<?php\nfunction f($c) { return $c->findOne(['user' => $_POST['user'], 'pass' => $_POST['pass']]); }\n"),
    (
        "a.py",
        "from flask import request\ndef f(db):\n"
        "    return db.users.find_one({'name': request.json['name'], 'password': "
        "request.json['password']})\n",
    ),
    ("a.py", "def f(db, x):\n    return db.users.find({'$where': f\"this.name == '{x}'\"})\n"),
    (
        "A.java",
        "import javax.naming.directory.*;\n"
        'class A { void f(DirContext c, String u) throws Exception { c.search("dc=a", "(uid=" + '
        'u + ")", k); } }\n',
    ),
    (
        "a.cs",
        "using System.DirectoryServices;\n"
        'class A { void F(string u) { var s = new DirectorySearcher(); s.Filter = $"(uid={u})"; } }\n',
    ),
    ("a.php", "<?php\nfunction f($c, $u) { return ldap_search($c, 'dc=a', \"(uid=$u)\"); }\n"),
    ("a.js", "const ldap = require('ldapjs');\nfunction f(c, u) { c.search('dc=a', { filter: `(uid=${u})` }, cb); }\n"),
    (
        "a.go",
        'package p\nimport "github.com/go-ldap/ldap/v3"\n'
        'func f(u string) { ldap.NewSearchRequest("dc=a", 2, 0, 0, 0, false, '
        'fmt.Sprintf("(uid=%s)", u), nil, nil) }\n',
    ),
    ("a.rb", "require 'net/ldap'\ndef f(l, u)\n  l.search(filter: \"(uid=#{u})\")\nend\n"),
    (
        "A.java",
        "class A { void f(XPath xpath, String n) throws Exception { "
        'xpath.evaluate("//user[name=\'" + n + "\']", doc); } }\n',
    ),
    ("a.py", "def f(tree, n):\n    return tree.xpath(f\"//user[name='{n}']\")\n"),
    ("a.cs", "class A { void F(XmlDocument d, string n) { d.SelectSingleNode($\"//user[name='{n}']\"); } }\n"),
    ("a.php", "<?php\nfunction f($d, $n) { $x = new DOMXPath($d); return $x->query(\"//user[name='$n']\"); }\n"),
    ("a.rb", "def f(doc, n)\n  doc.xpath(\"//user[name='#{n}']\")\nend\n"),
    ("a.js", "const xpath = require('xpath');\nfunction f(d, n) { return xpath.select(`//user[name='${n}']`, d); }\n"),
]
GOOD = [
    (
        "a.php",
        "<?php\nfunction f($dom, $x) { $o = LIBXML_NOWARNING;\n $o |= LIBXML_NONET | LIBXML_COMPACT;\n"
        " $dom->loadXML($x, $o); }\n",
    ),
    ("a.php", "<?php\nfunction f($dom, $x, $o) { $o &= ~LIBXML_NOENT;\n $dom->loadXML($x, $o); }\n"),
    (
        "a.js",
        "app.post('/', async (req, res) => { const u = await User.findOne({ name: String(req.body.name) }); });\n",
    ),
    (
        "a.js",
        "app.post('/', async (req, res) => { const u = await User.findOne({ name: { $eq: req.body.name } }); });\n",
    ),
    ("a.js", "app.get('/:id', async (req, res) => { const u = await User.findOne({ slug: req.params.slug }); });\n"),
    (
        "a.js",
        "app.get('/', async (req, res) => { const u = await repo.findOne({ where: { name: req.body.name } }); });\n",
    ),
    ("a.py", "from flask import request\ndef f(db):\n    return db.users.find_one({'name': request.args['name']})\n"),
    ("a.py", "import pickle\ndef f(x):\n    return pickle.loads(pickle.dumps(x))\n"),
    ("a.py", "from pathlib import Path\nHERE = Path(__file__).parent\nexec((HERE / 'version.py').read_text())\n"),
    ("a.py", "def f(path, ns):\n    with open(path) as h:\n        exec(compile(h.read(), path, 'exec'), ns)\n"),
    ("a.js", "const vm = require('vm');\nvm.runInThisContext(fs.readFileSync(__dirname + '/x.js', 'utf8'));\n"),
    ("a.rb", "def f(path)\n  instance_eval(File.read(path), path)\nend\n"),
    (
        "A.java",
        "class A { Object f(Object s) throws Exception { ByteArrayOutputStream b = new "
        "ByteArrayOutputStream(); new ObjectOutputStream(b).writeObject(s); return new "
        "ObjectInputStream(new ByteArrayInputStream(b.toByteArray())).readObject(); } }\n",
    ),
]


@pytest.mark.parametrize(("path", "text"), BAD)
def test_more_forms_are_found(path: str, text: str) -> None:
    """As reviews and advisories show them in each language."""
    assert any(each.severity in ("medium", "high") for each in findings({}, {path: text}, RULES))


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_more_safe_forms_are_left_alone(path: str, text: str) -> None:
    """The same done right."""
    assert not [each for each in findings({}, {path: text}, RULES) if each.severity in ("medium", "high")]
