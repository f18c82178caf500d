"""Data from outside in paths, pages and commands: a check counts where it is of the same data."""

from __future__ import annotations

import pytest

from localdev.rules.dangerous import addresses, archives, markup, paths
from localdev.rules.rule import Rule
from tests.rules.rows import severities

ROWS: list[tuple[Rule, str, str, str]] = [
    (
        paths.RULE,
        "a.go",
        """\
package a
func h(c echo.Context) error {
	id := c.Request().Header.Get("X")
	name := filepath.Join(dir, hex.EncodeToString([]byte(id))+".body")
	return os.WriteFile(name, body, 0o600)
}
""",
        "",
    ),
    (
        paths.RULE,
        "a.go",
        """\
package a
func h(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Method, "P") { return }
	http.ServeFile(w, r, filepath.Join(dir, r.URL.Query().Get("name")))
}
""",
        "high",
    ),
    (
        paths.RULE,
        "a.go",
        """\
package a
func h(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if strings.Contains(name, "..") { return }
	http.ServeFile(w, r, filepath.Join(dir, name))
}
""",
        "",
    ),
    (
        paths.RULE,
        "a.go",
        """\
package a
func h(w http.ResponseWriter, r *http.Request) {
	full := filepath.Join(dir, filepath.Base(r.URL.Path))
	http.ServeFile(w, r, full)
}
""",
        "",
    ),
    (
        paths.RULE,
        "a.go",
        """\
package a
func h(w http.ResponseWriter, r *http.Request) {
	full := filepath.Join(dir, r.URL.Path)
	if !strings.HasPrefix(full, dir) { return }
	http.ServeFile(w, r, full)
}
""",
        "",
    ),
    (
        paths.RULE,
        "a.cc",
        """\
void f(const Request &req) {
  for (const auto &file : {a, b}) {
    string target = "./uploads/";
    target += file.filename;
    ofstream ofs(target, ios::binary);
  }
}
""",
        "high",
    ),
    (
        paths.RULE,
        "a.cc",
        """\
void f(const Request &req) {
    auto name = filesystem::path(file.filename).filename();
    ofstream ofs(filesystem::path("./uploads") / name, ios::binary);
}
""",
        "",
    ),
    (
        paths.RULE,
        "a.cc",
        """\
void f(const Request &req, Response &res) {
    std::ifstream in("data/" + req.get_param_value("name"));
}
""",
        "high",
    ),
    (
        paths.RULE,
        "a.rs",
        """\
use std::fs::File;
fn main() {
    for rq in server.incoming_requests() {
        let wanted = rq.url().split('?').next().unwrap_or("");
        let path = Path::new("public").join(wanted.trim_start_matches('/'));
        rq.respond(path);
    }
}
""",
        "high",
    ),
    (
        paths.RULE,
        "a.rs",
        """\
fn main() {
    for rq in server.incoming_requests() {
        let name = Path::new(rq.url());
        let plain = name.components().all(|c| matches!(c, Component::Normal(_)));
        let file = match plain {
            true => File::open(Path::new("public").join(name)).ok(),
            false => None,
        };
    }
}
""",
        "",
    ),
    (
        paths.RULE,
        "a.rs",
        """\
#[get("/files/<name>")]
fn file(name: String) -> Option<NamedFile> {
    NamedFile::open(Path::new("static").join(name)).ok()
}
""",
        "high",
    ),
    (
        paths.RULE,
        "a.js",
        """\
function handle(req, res) {
  if (other.startsWith('x')) return;
  var name = new URL(req.url, 'http://localhost').searchParams.get('download');
  res.end(fs.readFileSync(path.join(root, name)));
}
""",
        "high",
    ),
    (
        paths.RULE,
        "a.js",
        """\
function handle(req, res) {
  var name = new URL(req.url, 'http://localhost').searchParams.get('download');
  res.end(fs.readFileSync(path.join(root, path.basename(name))));
}
""",
        "",
    ),
    (
        paths.RULE,
        "a.js",
        """\
function handle(req, res) {
  const full = path.resolve(root, req.params.name);
  if (!full.startsWith(root + path.sep)) return res.sendStatus(403);
  res.sendFile(full);
}
""",
        "",
    ),
    (
        paths.RULE,
        "a.js",
        """\
function handle(req, res) {
  res.sendFile(FILES[req.params.name]);
}
""",
        "",
    ),
    (
        paths.RULE,
        "a.py",
        """\
def show(request):
    if not request.user.is_valid: return None
    name = request.GET['name']
    return open(os.path.join(ROOT, name))
""",
        "high",
    ),
    (
        paths.RULE,
        "a.py",
        """\
def show(request):
    name = request.GET['name']
    if name not in ALLOWED: raise Http404
    return open(os.path.join(ROOT, name))
""",
        "",
    ),
    (
        paths.RULE,
        "a.py",
        """\
def show(request):
    return open(os.path.join(ROOT, f"{int(request.GET['id'])}.txt"))
""",
        "",
    ),
    (
        paths.RULE,
        "a.py",
        """\
def show(request):
    return open(os.path.join(ROOT,
    hashlib.sha256(request.GET['id'].encode()).hexdigest()))
""",
        "",
    ),
    (
        paths.RULE,
        "a.py",
        """\
def show(request):
    name = request.GET['name']
    if name == '': return None
    return open(os.path.join(ROOT, name))
""",
        "high",
    ),
    (
        paths.RULE,
        "A.java",
        """\
class A { @GetMapping("/f") Resource f(@RequestParam String name) { log.startsWith("x");
    return new FileSystemResource(new File(ROOT, name)); } }
""",
        "high",
    ),
    (
        paths.RULE,
        "A.java",
        """\
class A { @GetMapping("/f") Resource f(@RequestParam String name) {
 Path p = ROOT.resolve(name).normalize();
 if (!p.startsWith(ROOT)) throw new Denied();
 return new FileSystemResource(p); } }
""",
        "",
    ),
    (
        paths.RULE,
        "a.rb",
        """\
class FilesController < ApplicationController
  def show
    return if request.path.start_with?('/x')
    send_file Rails.root.join('files', params[:name])
  end
end
""",
        "high",
    ),
    (
        paths.RULE,
        "a.rb",
        """\
class FilesController < ApplicationController
  def show
    send_file Rails.root.join('files', File.basename(params[:name]))
  end
end
""",
        "",
    ),
    (
        paths.RULE,
        "a.php",
        """\
<?php
$name = basename($_GET['name']);
readfile("files/$name");
""",
        "",
    ),
    (
        paths.RULE,
        "a.php",
        """\
<?php
$other = basename(__FILE__);
readfile("files/" . $_GET['name']);
""",
        "high",
    ),
    (
        paths.RULE,
        "a.cs",
        """\
class C : Controller { public IActionResult F(string name) { var x = "a".StartsWith("b");
    return PhysicalFile(Path.Combine(root, name), "x"); } }
""",
        "high",
    ),
    (
        paths.RULE,
        "a.cs",
        """\
class C : Controller { public IActionResult F(string name) {
    return PhysicalFile(Path.Combine(root, Path.GetFileName(name)), "x"); } }
""",
        "",
    ),
    (
        paths.RULE,
        "a.rb",
        """\
require 'open-uri'
class F
  def read_template_file(template_path)
    open(template_path, &:read)
  end
end
""",
        "medium",
    ),
    (
        paths.RULE,
        "a.rb",
        """\
require 'open-uri'
class F
  def read(path)
    File.open(path, &:read)
  end
end
""",
        "",
    ),
    (
        paths.RULE,
        "a.rb",
        """\
require 'open-uri'
class F
  def read(template_path)
    uri = URI.parse(template_path)
    raise X unless uri.is_a?(URI::HTTPS) && uri.host == 'a.b'
    uri.open(&:read)
  end
end
""",
        "",
    ),
    (
        paths.RULE,
        "a.rb",
        """\
class XController < ApplicationController
  def show
    open(params[:url]).read
  end
end
""",
        "medium",
    ),
    (
        paths.RULE,
        "a.rb",
        """\
require 'open-uri'
class F
  def read(name)
    open("https://a.b/#{name}").read
  end
end
""",
        "",
    ),
    (
        paths.RULE,
        "a.rb",
        """\
class F
  def read(path)
    open(path).read
  end
end
""",
        "",
    ),
    (
        markup.RULE,
        "a.js",
        """\
exports['404'] = (res, next, opts) => {
  const wanted = decodeURIComponent((opts && opts.pathname) || '');
  res.end(`<!doctype html>
<title>Not found</title>
<p>There is no <code>${wanted}</code> here.</p>
`);
};
""",
        "high",
    ),
    (
        markup.RULE,
        "a.js",
        """\
exports['404'] = (res, next, opts) => {
  const wanted = decodeURIComponent((opts && opts.pathname) || '');
  res.end(`<!doctype html>
<title>Not found</title>
<p>There is no <code>${he.encode(wanted)}</code> here.</p>
`);
};
""",
        "",
    ),
    (
        markup.RULE,
        "a.rb",
        """\
class A
  def not_found_page(fullpath)
    <<~HTML
      <!DOCTYPE html>
      <p>There is no page at <code>#{fullpath.truncate(200)}</code>.</p>
    HTML
  end
end
""",
        "medium",
    ),
    (
        markup.RULE,
        "a.rb",
        """\
class A
  def not_found_page(fullpath)
    shown = ERB::Util.html_escape(fullpath.truncate(200))
    <<~HTML
      <!DOCTYPE html>
      <p>There is no page at <code>#{shown}</code>.</p>
    HTML
  end
end
""",
        "",
    ),
    (
        markup.RULE,
        "a.cs",
        """\
class A { async Task F(HttpContext context) {
  var service = context.Request.Query["service"].ToString();
  await context.Response.WriteAsync("<html><body><h1>" + service + "</h1>"); } }
""",
        "high",
    ),
    (
        markup.RULE,
        "a.cs",
        """\
class A { async Task F(HttpContext context) {
  var service = HtmlEncoder.Default.Encode(context.Request.Query["service"].ToString());
  await context.Response.WriteAsync("<html><body><h1>" + service + "</h1>"); } }
""",
        "",
    ),
    (
        markup.RULE,
        "a.py",
        """\
def page(path, status):
    return f"<!doctype html><title>{status}</title><p>No {path}</p>"
""",
        "medium",
    ),
    (
        markup.RULE,
        "a.py",
        """\
def page(path, status):
    return f"<!doctype html><title>{status}</title><p>No {html.escape(path)}</p>"
""",
        "",
    ),
    (
        markup.RULE,
        "a.py",
        """\
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        self.wfile.write(f"<h1>No {urllib.parse.unquote(self.path)}</h1>".encode())
""",
        "high",
    ),
    (
        markup.RULE,
        "a.go",
        """\
package a
import (
	"text/template"
)
func f(w io.Writer) { template.Must(template.ParseFiles("page.html")).Execute(w, nil) }
""",
        "medium",
    ),
    (
        markup.RULE,
        "a.go",
        """\
package a
import (
	page "text/template"
)
func f(c *gin.Context) { }
""",
        "medium",
    ),
    (
        markup.RULE,
        "a.go",
        """\
package a
import "text/template"
func f(w io.Writer) {
    template.Must(template.New("config.toml").Parse("a = {{.}}")).Execute(w, nil) }
""",
        "",
    ),
    (
        markup.RULE,
        "a.go",
        """\
package a
func h(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "<p>%s</p>", r.URL.Path) }
""",
        "high",
    ),
    (
        markup.RULE,
        "a.go",
        """\
package a
func h(w http.ResponseWriter, r *http.Request) {
    fmt.Fprintf(w, "<p>%s</p>", html.EscapeString(r.URL.Path)) }
""",
        "",
    ),
    (
        markup.RULE,
        "A.java",
        """\
class A { void doGet(HttpServletRequest request, HttpServletResponse response) {
    response.getWriter().println("<p>" + request.getParameter("q") + "</p>"); } }
""",
        "high",
    ),
    (
        markup.RULE,
        "A.java",
        """\
class A { void doGet(HttpServletRequest request, HttpServletResponse response) {
    response.getWriter().println("<p>" + Encode.forHtml(request.getParameter("q")) + "</p>"); } }
""",
        "",
    ),
    (
        markup.RULE,
        "a.js",
        ("function show(items) { list.innerHTML = items.map(i => `<li>${i.name}</li>`).join('') }\n"),
        "medium",
    ),
    (
        markup.RULE,
        "a.js",
        """\
function show(items) {
    list.innerHTML = items.map(i => `<li>${escapeHtml(i.name)}</li>`).join('') }
""",
        "",
    ),
    (markup.RULE, "a.js", ("function show(note) { el.innerHTML = unescape(note.title) }\n"), "medium"),
    (markup.RULE, "a.js", ("function show(n) { el.innerHTML = '<b>' + Number(n) + '</b>' }\n"), ""),
    (markup.RULE, "a.php", ('<?php echo "<p>" . $_GET[\'q\'] . "</p>";\n'), "high"),
    (markup.RULE, "a.php", ('<?php echo "<p>" . htmlspecialchars($_GET[\'q\']) . "</p>";\n'), ""),
    (
        markup.RULE,
        "a.rs",
        ('fn page(path: &str) -> String { let p = format!("<!doctype html><p>{}</p>", path); p }\n'),
        "medium",
    ),
    (
        addresses.SERVER,
        "a.py",
        """\
def proxy(request):
    url = request.GET['url']
    if other.startswith('x'):
        pass
    return requests.get(url)
""",
        "high",
    ),
    (
        addresses.SERVER,
        "a.py",
        """\
def proxy(request):
    url = request.GET['url']
    if urlparse(url).hostname not in ALLOWED:
        raise PermissionDenied
    return requests.get(url)
""",
        "",
    ),
    (
        addresses.SERVER,
        "a.py",
        """\
def proxy(request):
    url = request.GET['url']
    parsed = urlparse(url)
    if parsed.netloc != 'a.example':
        raise PermissionDenied
    return requests.get(url)
""",
        "",
    ),
    (
        addresses.SERVER,
        "a.js",
        """\
app.get('/p', async (req, res) => {
  const r = await fetch(req.query.url)
  res.send(await r.text())
})
""",
        "high",
    ),
    (
        addresses.SERVER,
        "a.js",
        """\
app.get('/p', async (req, res) => {
  const name = new URL(req.url, 'http://localhost').searchParams.get('n')
  res.json({ name })
})
""",
        "",
    ),
    (
        addresses.SERVER,
        "a.js",
        """\
self.onmessage = async (event) => {
  const r = await fetch(event.data.url)
}
""",
        "",
    ),
    (
        addresses.SERVER,
        "a.go",
        """\
package a
func h(w http.ResponseWriter, r *http.Request) {
	resp, _ := http.Get(r.URL.Query().Get("u"))
	io.Copy(w, resp.Body)
}
""",
        "high",
    ),
    (
        addresses.SERVER,
        "a.go",
        """\
package a
func h(w http.ResponseWriter, r *http.Request) {
	u, _ := url.Parse(r.URL.Query().Get("u"))
	if !allowedHosts[u.Host] { return }
	resp, _ := http.Get(u.String())
	io.Copy(w, resp.Body)
}
""",
        "",
    ),
    (
        addresses.READER,
        "a.py",
        """\
def done(request):
    target = request.GET['next']
    if is_safe(other):
        pass
    return redirect(target)
""",
        "medium",
    ),
    (
        addresses.READER,
        "a.py",
        """\
def done(request):
    target = request.GET['next']
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = '/'
    return redirect(target)
""",
        "",
    ),
    (addresses.READER, "a.js", ("function done(req, res) { res.redirect(req.query.next) }\n"), "medium"),
    (
        addresses.READER,
        "a.js",
        """\
function done(req, res) {
  const next = req.query.next
  if (!next.startsWith('/') || next.startsWith('//')) return res.redirect('/')
  res.redirect(next)
}
""",
        "",
    ),
    (
        addresses.READER,
        "a.rb",
        """\
class A < ApplicationController
  def done
    redirect_to params[:next]
  end
end
""",
        "medium",
    ),
    (
        addresses.READER,
        "a.rb",
        """\
class A < ApplicationController
  def done
    redirect_to params[:next], only_path: true
  end
end
""",
        "",
    ),
    (
        archives.RULE,
        "a.py",
        """\
import zipfile
def unpack(archive, target):
    if target.startswith('x'):
        return
    for info in archive.infolist():
        path = os.path.join(target, info.filename)
        open(path, 'wb')
""",
        "high",
    ),
    (
        archives.RULE,
        "a.py",
        """\
import zipfile
def unpack(archive, target):
    for info in archive.infolist():
        path = os.path.realpath(os.path.join(target, info.filename))
        if not path.startswith(target + os.sep):
            raise ValueError
        open(path, 'wb')
""",
        "",
    ),
    (
        archives.RULE,
        "a.py",
        """\
import zipfile
def unpack(archive, target):
    for info in archive.infolist():
        path = os.path.join(target, os.path.basename(info.filename))
        open(path, 'wb')
""",
        "",
    ),
    (
        archives.RULE,
        "a.py",
        (
            "def keys(header):\n"
            '    """Look into the archive."""\n'
            "    unknown = [each.name for each in header.archive]\n"
            "    return f\"unknown: {', '.join(each for each in unknown)}\"\n"
        ),
        "",
    ),
    (
        archives.RULE,
        "a.go",
        """\
package a
import "archive/zip"
func unzip(f *zip.File, dir string) { os.Create(filepath.Join(dir, f.Name)) }
""",
        "high",
    ),
    (
        archives.RULE,
        "a.go",
        """\
package a
import "archive/zip"
func unzip(f *zip.File, dir string) {
	if !filepath.IsLocal(f.Name) { return }
	os.Create(filepath.Join(dir, f.Name))
}
""",
        "",
    ),
    (
        archives.RULE,
        "A.java",
        """\
class A { void unzip(ZipFile zip, File dir) { ZipEntry entry = zip.next();
  File out = new File(dir, entry.getName());
  copy(out); } }
""",
        "high",
    ),
    (
        archives.RULE,
        "A.java",
        """\
class A { void unzip(ZipFile zip, File dir) { ZipEntry entry = zip.next();
  File out = new File(dir, entry.getName());
  if (!out.getCanonicalPath().startsWith(dir.getCanonicalPath())) throw new E();
  copy(out); } }
""",
        "",
    ),
    (
        archives.RULE,
        "a.rs",
        """\
fn unzip(mut archive: zip::ZipArchive<File>) {
    let file = archive.by_index(0).unwrap();
    let out = Path::new("out").join(file.name());
}
""",
        "high",
    ),
    (
        archives.RULE,
        "a.rs",
        """\
fn unzip(mut archive: zip::ZipArchive<File>) {
    let file = archive.by_index(0).unwrap();
    let out = Path::new("out").join(file.enclosed_name().unwrap());
}
""",
        "",
    ),
]


@pytest.mark.parametrize(("rule", "path", "text", "severity"), ROWS)
def test_rows(rule: Rule, path: str, text: str, severity: str) -> None:
    """What is dangerous is found with its severity, and the same done right is not."""
    assert severities(rule, path, text) == ([severity] if severity else [])
