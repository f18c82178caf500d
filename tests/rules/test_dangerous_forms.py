"""Certificates, guessable numbers, formats and temporary files, in the many ways there are to write them."""

from __future__ import annotations

import pytest

from localdev.rules.dangerous import c_text, comparisons, files, tls, weak_random
from localdev.rules.rule import Rule
from tests.rules.rows import severities

ROWS: list[tuple[Rule, str, str, str]] = [
    (
        tls.RULE,
        "a.cs",
        """\
class T { T(RemoteCertificateValidationCallback v = null) {
    _certValidator = v ?? ((sender, cert, chain, errors) => true); } }
""",
        "high",
    ),
    (
        tls.RULE,
        "a.cs",
        """\
class T { T(RemoteCertificateValidationCallback v = null) {
    _certValidator = v ?? ((sender, cert, chain,
    errors) => errors == SslPolicyErrors.None); } }
""",
        "",
    ),
    (
        tls.RULE,
        "a.cs",
        """\
class T { void F() { var s = new SslStream(stream, false, (a, b, c, d) => true);
    ServicePointManager.ServerCertificateValidationCallback += delegate { return true; };
 } }
""",
        "high",
    ),
    (
        tls.RULE,
        "a.cs",
        """\
class T {
  static bool Check(object sender, X509Certificate certificate, X509Chain chain,
    SslPolicyErrors sslPolicyErrors) { return true; } }
""",
        "high",
    ),
    (
        tls.RULE,
        "a.cs",
        """\
class T {
  bool CheckServer(string name) { return true; } }
""",
        "",
    ),
    (
        tls.RULE,
        "a.cc",
        """\
int main(int argc, const char **argv) {
  httplib::SSLClient cli(host, 8080);
  cli.enable_server_certificate_verification(false);
}
""",
        "high",
    ),
    (
        tls.RULE,
        "a.cc",
        """\
int main(int argc, const char **argv) {
  httplib::SSLClient cli(host, 8080);
  cli.enable_server_certificate_verification(true);
}
""",
        "",
    ),
    (
        tls.RULE,
        "a.cc",
        """\
void f(asio::ssl::context &ctx) {
  ctx.set_verify_callback([](bool preverified, asio::ssl::verify_context &c) {
    return true; });
}
""",
        "high",
    ),
    (
        tls.RULE,
        "a.c",
        """\
static int verify_cb(int preverify_ok, X509_STORE_CTX *ctx) {
    return 1;
}
""",
        "high",
    ),
    (
        tls.RULE,
        "a.c",
        """\
static int verify_cb(int preverify_ok, X509_STORE_CTX *ctx) {
    return preverify_ok;
}
""",
        "",
    ),
    (
        tls.RULE,
        "a.go",
        """\
package a
func f(t Target) *tls.Config {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	conf.InsecureSkipVerify = t.Name == ""
	return conf
}
""",
        "high",
    ),
    (
        tls.RULE,
        "a.go",
        """\
package a
func f(o Options) *tls.Config {
	return &tls.Config{InsecureSkipVerify: o.Insecure}
}
""",
        "",
    ),
    (
        tls.RULE,
        "a.go",
        """\
package a
func f() *ssh.ClientConfig {
	return &ssh.ClientConfig{HostKeyCallback: func(hostname string, remote net.Addr,
    key ssh.PublicKey) error { return nil }}
}
""",
        "high",
    ),
    (
        tls.RULE,
        "a.go",
        """\
package a
func f(o Options) *tls.Config {
	return &tls.Config{InsecureSkipVerify: os.Getenv("SKIP_TLS_VERIFY") == "1"}
}
""",
        "",
    ),
    (
        tls.RULE,
        "a.ts",
        """\
const agent = new https.Agent({
    keepAlive: true, rejectUnauthorized: SERVER === "https://github.com" })
""",
        "high",
    ),
    (
        tls.RULE,
        "a.ts",
        ("const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: !options.insecure })\n"),
        "",
    ),
    (tls.RULE, "a.ts", ("const agent = new https.Agent({ checkServerIdentity: () => undefined })\n"), "high"),
    (
        tls.RULE,
        "a.js",
        ("win.webContents.session.setCertificateVerifyProc((request, callback) => { callback(0) })\n"),
        "high",
    ),
    (
        tls.RULE,
        "a.js",
        """\
const s = tls.connect({ host, checkServerIdentity: function (host, cert) {
    return undefined; } })
""",
        "high",
    ),
    (tls.RULE, "a.js", ("const s = tls.connect({ host, checkServerIdentity: (host, cert) => pinned(cert) })\n"), ""),
    (
        tls.RULE,
        "a.rs",
        """\
fn client() -> Client {
    reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap()
}
""",
        "high",
    ),
    (
        tls.RULE,
        "a.rs",
        """\
impl ServerCertVerifier for Nope {
    fn verify_server_cert(&self, _c: &CertificateDer<'_>) -> Result<ServerCertVerified,
    Error> {
        Ok(ServerCertVerified::assertion())
    }
}
""",
        "high",
    ),
    (
        tls.RULE,
        "a.rs",
        """\
fn f() { let mut b = SslConnector::builder(SslMethod::tls()).unwrap();
    b.set_verify_callback(SslVerifyMode::PEER, |_, _| true); }
""",
        "high",
    ),
    (
        tls.RULE,
        "A.java",
        """\
class A { void f() { HttpsURLConnection.setDefaultHostnameVerifier((hostname,
    session) -> true); } }
""",
        "high",
    ),
    (
        tls.RULE,
        "A.java",
        """\
class A { void f() { HttpsURLConnection.setDefaultHostnameVerifier((hostname,
    session) -> hostname.equals(EXPECTED)); } }
""",
        "",
    ),
    (
        tls.RULE,
        "A.java",
        """\
class A { HostnameVerifier v = new HostnameVerifier() {
 public boolean verify(String host, SSLSession session) { return true; } }; }
""",
        "high",
    ),
    (
        tls.RULE,
        "A.java",
        """\
class A { X509TrustManager v = new X509TrustManager() {
 public void checkServerTrusted(X509Certificate[] chain, String a) { } }; }
""",
        "high",
    ),
    (
        tls.RULE,
        "a.py",
        """\
import OpenSSL
def f(ctx):
    ctx.set_verify(SSL.VERIFY_PEER, lambda *args: True)
""",
        "high",
    ),
    (
        tls.RULE,
        "a.py",
        """\
def f(url):
    return requests.get(url, verify=url.startswith("https://prod"))
""",
        "high",
    ),
    (
        tls.RULE,
        "a.py",
        """\
def f(url, verify_ssl):
    return requests.get(url, verify=verify_ssl)
""",
        "",
    ),
    (tls.RULE, "a.rb", ("ctx.verify_callback = proc { |ok, store| true }\n"), "high"),
    (tls.RULE, "a.rb", ("http.verify_mode = OpenSSL::SSL::VERIFY_NONE if uri.host.end_with?('internal')\n"), "high"),
    (tls.RULE, "a.rb", ("ctx.verify_callback = ->(ok, store) { true }\n"), "high"),
    (tls.RULE, "a.rb", ("ctx.verify_callback = proc { |ok, store| ok }\n"), ""),
    (
        tls.RULE,
        "a.php",
        """\
<?php
$c = new Client(['verify' => false]);
""",
        "high",
    ),
    (
        tls.RULE,
        "a.php",
        """\
<?php
curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, false);
""",
        "high",
    ),
    (
        tls.RULE,
        "a.py",
        """\
def f(options):
    if options.ssl:
        return Client(verify=False)
""",
        "high",
    ),
    (
        tls.RULE,
        "a.py",
        """\
def f(options):
    if options.insecure:
        return Client(verify=False)
""",
        "",
    ),
    (tls.RULE, "a.py", ("client = Client(skip_tls_check=True)\n"), "high"),
    (tls.RULE, "a.js", ("const c = new Client({ disableCertificateValidation: true })\n"), "high"),
    (tls.RULE, "a.cpp", ("void f() { socket->setPeerVerifyMode(QSslSocket::VerifyNone); }\n"), "high"),
    (tls.RULE, "a.py", ("client = Check(verify_email=False, check_interval=0, ssl_check_interval=0)\n"), ""),
    (
        weak_random.RULE,
        "a.cc",
        """\
static std::string new_session_id() {
  static mt19937_64 gen(chrono::system_clock::now().time_since_epoch().count());
  return std::to_string(x);
}
""",
        "high",
    ),
    (
        weak_random.RULE,
        "a.cc",
        """\
static std::string new_session_id() {
  std::stringstream ss;
  ss << std::hex << gen() << gen();
  return ss.str();
}
static std::mt19937 gen(42);
""",
        "high",
    ),
    (
        weak_random.RULE,
        "a.cc",
        """\
static std::string new_session_id() {
  std::random_device dev("/dev/urandom");
  std::stringstream ss;
  ss << std::hex << dev();
  return ss.str();
}
""",
        "",
    ),
    (weak_random.RULE, "a.cc", ("static int roll() { static std::mt19937 gen(42); return gen(); }\n"), ""),
    (
        weak_random.RULE,
        "a.c",
        """\
static void make_token(char *out) {
  out[0] = "0123456789abcdef"[rand() % 16];
}
""",
        "high",
    ),
    (
        weak_random.RULE,
        "A.java",
        """\
class A { int generateBridgeSecret() {
 SecureRandom randGen = new SecureRandom();
 secret = 1 + randGen.nextInt(9);
 return secret; } }
""",
        "",
    ),
    (
        weak_random.RULE,
        "A.java",
        """\
class A { private final SecureRandom random; int token() {
 return random.nextInt(9); } }
""",
        "",
    ),
    (
        weak_random.RULE,
        "A.java",
        """\
class A { private final Random random; A(Random r) { random = r; }
 int newToken() {
 return random.nextInt(9); } }
""",
        "high",
    ),
    (
        weak_random.RULE,
        "A.java",
        """\
class A { int newToken() { var generator = new java.util.SplittableRandom(); return
 generator.nextInt(9); } }
""",
        "high",
    ),
    (
        weak_random.RULE,
        "a.cs",
        """\
class A { static readonly Random _rng = new(); string NewToken() { return
 _rng.Next(1000).ToString(); } }
""",
        "high",
    ),
    (
        weak_random.RULE,
        "a.cs",
        """\
class A { RandomNumberGenerator _rng = RandomNumberGenerator.Create(); string NewToken() {
 _rng.GetBytes(b); return b; } }
""",
        "",
    ),
    (
        weak_random.RULE,
        "a.cs",
        """\
class A { string NewToken() { return
 RandomNumberGenerator.GetInt32(5).ToString(); } }
""",
        "",
    ),
    (
        weak_random.RULE,
        "a.go",
        """\
package a
import "math/rand"
func newToken(r *rand.Rand) int {
 return r.Intn(9) }
""",
        "high",
    ),
    (
        weak_random.RULE,
        "a.go",
        """\
package a
import "crypto/rand"
func newToken() []byte { b := make([]byte, 8);
 rand.Read(b); return b }
""",
        "",
    ),
    (
        weak_random.RULE,
        "a.py",
        """\
import random
_rng = random.Random()
def new_token():
    return _rng.getrandbits(64)
""",
        "high",
    ),
    (
        weak_random.RULE,
        "a.py",
        """\
import random
_rng = random.SystemRandom()
def new_token():
    return _rng.getrandbits(64)
""",
        "",
    ),
    (
        weak_random.RULE,
        "a.rb",
        """\
def reset_token
  Array.new(16) { ALPHABET.sample }.join
end
""",
        "high",
    ),
    (
        weak_random.RULE,
        "a.rb",
        """\
def reset_token
  Array.new(16) { ALPHABET.sample(random: SecureRandom) }.join
end
""",
        "",
    ),
    (
        weak_random.RULE,
        "a.rs",
        """\
fn new_session_id() -> u64 {
    let mut rng = SmallRng::from_os_rng();
    rng.next_u64()
}
""",
        "high",
    ),
    (
        weak_random.RULE,
        "a.rs",
        """\
fn new_session_id() -> u64 {
    let mut rng = OsRng;
    rng.next_u64()
}
""",
        "",
    ),
    (
        weak_random.RULE,
        "a.php",
        """\
<?php
function newToken() { return bin2hex(mt_rand()); }
""",
        "high",
    ),
    (weak_random.RULE, "a.js", ("const sessionId = Math.random().toString(36).slice(2)\n"), "high"),
    (weak_random.RULE, "a.js", ("const delay = Math.random() * retryToken\n"), ""),
    (
        weak_random.RULE,
        "a.py",
        """\
import random
def jitter(): return random.random()
""",
        "",
    ),
    (
        c_text.RULE,
        "a.c",
        """\
void f(struct mg_connection *conn, const char *uri) {
    char reason[256];
    mg_send_http_error(conn, 204, "%s", "");
    snprintf(reason, sizeof(reason), "%s", uri);
    mg_send_http_error(conn, 405, reason);
}
""",
        "high",
    ),
    (
        c_text.RULE,
        "a.c",
        """\
void f(struct mg_connection *conn, const char *uri) {
    char reason[256];
    mg_send_http_error(conn, 204, "%s", "");
    mg_send_http_error(conn, 405, "%s", reason);
}
""",
        "",
    ),
    (
        c_text.RULE,
        "a.c",
        """\
void say(int level, const char *fmt, ...);
void f(char *text) { say(1, text); }
""",
        "high",
    ),
    (
        c_text.RULE,
        "a.c",
        """\
void say(int level, const char *text);
void f(char *text) { say(1, text); }
""",
        "",
    ),
    (c_text.RULE, "a.c", ("void f(char *text) { BIO_printf(out, text); }\n"), "high"),
    (c_text.RULE, "a.c", ('static const char usage[] = "usage: a [-b]\\n";\nvoid f(void) { printf(usage); }\n'), ""),
    (c_text.RULE, "a.c", ('void f(void) { const char *usage = "usage\\n"; printf(usage); }\n'), ""),
    (c_text.RULE, "a.c", ("void f(int fd) { char line[80]; read(fd, line, 80); printf(line); }\n"), "high"),
    (c_text.RULE, "a.c", ("void say(const char *fmt, ...) { va_list ap; vprintf(fmt, ap); }\n"), ""),
    (c_text.RULE, "a.c", ('void f(void) { char key[20]; while (scanf("%s", key) == 1) {} }\n'), "high"),
    (c_text.RULE, "a.c", ('void f(void) { char key[20]; while (scanf("%19s", key) == 1) {} }\n'), ""),
    (
        c_text.RULE,
        "a.c",
        """\
static void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void f(char **argv) { die(argv[1]); }
""",
        "high",
    ),
    (c_text.RULE, "a.c", ('void f(void) { log_write(LOG, "100% done", x); log_write(LOG, buf, x); }\n'), ""),
    (c_text.RULE, "a.cpp", ("void f(const std::string &s) { fprintf(stderr, s.c_str()); }\n"), "high"),
    (c_text.RULE, "a.c", ("void f(char *buf) { syslog(LOG_ERR, buf); }\n"), "high"),
    (
        files.TEMPORARY,
        "a.rs",
        """\
fn f(data: &[u8]) { let path = std::env::temp_dir().join("app-cache.json");
    std::fs::write(&path, data).unwrap(); }
""",
        "medium",
    ),
    (
        files.TEMPORARY,
        "a.rs",
        """\
use std::fs::File;
use std::env;
fn f(data: &[u8]) { let path = env::temp_dir().join(format!("app-{}.json",
    std::process::id()));
 let mut f = File::create(&path).unwrap(); }
""",
        "medium",
    ),
    (files.TEMPORARY, "a.rs", ("fn f(data: &[u8]) { let file = tempfile::NamedTempFile::new().unwrap(); }\n"), ""),
    (
        files.TEMPORARY,
        "a.rs",
        """\
use std::fs::OpenOptions;
fn f() { let path = std::env::temp_dir().join("x");
    OpenOptions::new().write(true).create_new(true).open(&path); }
""",
        "",
    ),
    (
        files.TEMPORARY,
        "a.rs",
        """\
use std::fs::OpenOptions;
fn f() { let path = std::env::temp_dir().join("x");
    OpenOptions::new().write(true).create(true).open(&path); }
""",
        "medium",
    ),
    (
        files.TEMPORARY,
        "a.go",
        """\
package a
func f(d []byte) { os.WriteFile(filepath.Join(os.TempDir(), "app.json"), d, 0o600) }
""",
        "medium",
    ),
    (
        files.TEMPORARY,
        "a.go",
        """\
package a
func f(d []byte) { f, _ := os.CreateTemp("", "app"); f.Write(d) }
""",
        "",
    ),
    (
        files.TEMPORARY,
        "a.go",
        """\
package a
func f(d []byte) { f, _ := os.Create("/tmp/report.txt"); f.Write(d) }
""",
        "medium",
    ),
    (
        files.TEMPORARY,
        "a.go",
        """\
package a
func f(d []byte) { f, _ := os.OpenFile("/tmp/report.txt",
    os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); f.Write(d) }
""",
        "",
    ),
    (
        files.TEMPORARY,
        "a.py",
        """\
import os
fd = os.open('/tmp/myapp.lock', os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
""",
        "",
    ),
    (
        files.TEMPORARY,
        "a.py",
        """\
import os
fd = os.open('/tmp/myapp.lock', os.O_CREAT | os.O_WRONLY, 0o666)
""",
        "medium",
    ),
    (
        files.TEMPORARY,
        "a.py",
        """\
import tempfile, os
p = os.path.join(tempfile.gettempdir(), f"app-{os.getpid()}.log")
open(p, "w").write("x")
""",
        "medium",
    ),
    (
        files.TEMPORARY,
        "a.py",
        """\
import tempfile, os
d = tempfile.mkdtemp()
open(os.path.join(d, "x"), "w").write("x")
""",
        "",
    ),
    (
        files.TEMPORARY,
        "a.js",
        ("const p = path.join(os.tmpdir(), 'app-' + process.pid); fs.writeFileSync(p, data)\n"),
        "medium",
    ),
    (
        files.TEMPORARY,
        "a.js",
        """\
const d = fs.mkdtempSync(path.join(os.tmpdir(), 'app-'));
    fs.writeFileSync(path.join(d, 'x'), data)
""",
        "",
    ),
    (
        files.TEMPORARY,
        "A.java",
        """\
class A { void f() throws Exception {
    new FileOutputStream(new File(System.getProperty("java.io.tmpdir"), "app.bin")); } }
""",
        "medium",
    ),
    (files.TEMPORARY, "A.java", ('class A { void f() throws Exception { Files.createTempFile("a", "b"); } }\n'), ""),
    (files.TEMPORARY, "a.rb", ('File.write(File.join(Dir.tmpdir, "app-#{Process.pid}.json"), data)\n'), "medium"),
    (files.TEMPORARY, "a.rb", ('Tempfile.create("app") { |f| f.write(data) }\n'), ""),
    (
        files.TEMPORARY,
        "a.php",
        """\
<?php
file_put_contents(sys_get_temp_dir() . '/app.cache', $data);
""",
        "medium",
    ),
    (
        files.TEMPORARY,
        "a.php",
        """\
<?php
file_put_contents(tempnam(sys_get_temp_dir(), 'app'), $data);
""",
        "",
    ),
    (
        files.TEMPORARY,
        "a.cs",
        """\
class A { void F() { File.WriteAllText(Path.Combine(Path.GetTempPath(), "app.json"),
    data); } }
""",
        "medium",
    ),
    (files.TEMPORARY, "a.cs", ("class A { void F() { File.WriteAllText(Path.GetTempFileName(), data); } }\n"), ""),
    (files.TEMPORARY, "a.c", ('void f(void) { FILE *o = fopen("/tmp/out.txt", "w"); }\n'), "medium"),
    (
        files.TEMPORARY,
        "a.cpp",
        """\
void f() { auto p = std::filesystem::temp_directory_path() / "app.log";
    std::ofstream out(p); }
""",
        "medium",
    ),
    (files.TEMPORARY, "a.cpp", ('void f() { std::ofstream out("/tmp/app.log"); }\n'), "medium"),
    (
        comparisons.RULE,
        "a.py",
        """\
def check(path, expected_sha256):
    return hashlib.sha256(read(path)).hexdigest() == expected_sha256
""",
        "",
    ),
    (
        comparisons.RULE,
        "a.py",
        """\
def check(body, header):
    return hmac.new(KEY, body, 'sha256').hexdigest() == header
""",
        "medium",
    ),
    (
        comparisons.RULE,
        "a.py",
        """\
class A:
    def __eq__(self, other):
        return self.password == getattr(other, "password", None)
""",
        "",
    ),
    (
        comparisons.RULE,
        "a.py",
        """\
def handle(sig):
    return sig == signal.SIGINT
""",
        "",
    ),
    (
        comparisons.RULE,
        "a.js",
        ("function check(req) { return req.headers['x-signature'] === computedSignature }\n"),
        "medium",
    ),
    (
        comparisons.RULE,
        "A.java",
        """\
class A { public boolean equals(Object o) { A given = (A) o;
    return token.equals(given.token); } }
""",
        "",
    ),
    (
        comparisons.RULE,
        "a.py",
        """\
def hook(request_secret, webhook_secret):
    return request_secret == webhook_secret
""",
        "medium",
    ),
]


@pytest.mark.parametrize(("rule", "path", "text", "severity"), ROWS)
def test_rows(rule: Rule, path: str, text: str, severity: str) -> None:
    """What is dangerous is found with its severity, and the same done right is not."""
    assert severities(rule, path, text) == ([severity] if severity else [])
