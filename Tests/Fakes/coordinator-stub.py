#!/usr/bin/env python3
"""A coordinator for the agent's tests: real TLS sockets, an authority by openssl(1), and no thought of its own.

Usage: coordinator-stub.py FOLDER. It prints one JSON line with its ports and the root's fingerprint, and ends with its standard input.
What it should do wrong is in FOLDER/behaviour.json, read for each request; what it was asked is counted in FOLDER/seen.json.
"""
import base64, http.server, json, os, secrets, ssl, subprocess, sys, threading, time
from email.utils import formatdate

folder = sys.argv[1]
lock = threading.Lock()
seen = {"enrol": 0, "report": 0, "renew": 0, "late": 0, "challenge": 0, "connections": 0, "keys": [], "holds": [], "serials": [], "urgent": 0}
NODE, CLUSTER = "0123456789abcdef", "lab"


def path(name):
    return os.path.join(folder, name)


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True).stdout


def stamp(seconds):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))


def behaviour():
    try:
        with open(path("behaviour.json")) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def count(key, value=None):
    with lock:
        if value is None:
            seen[key] += 1
        else:
            seen[key].append(value)
        with open(path("seen.tmp"), "w") as file:
            json.dump(seen, file)
        os.rename(path("seen.tmp"), path("seen.json"))


def make_key(name):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path(name))


def ca_config():
    for name in ("index", "serial"):
        with open(path(name), "w") as file:
            file.write("" if name == "index" else "1000\n")
    with open(path("ca.cnf"), "w") as file:
        file.write(
            f"[ca]\ndefault_ca=c\n[c]\ndatabase={path('index')}\nserial={path('serial')}\nnew_certs_dir={folder}\ncertificate={path('root.pem')}\n"
            f"private_key={path('root.key')}\ndefault_md=sha256\npolicy=p\nunique_subject=no\nrand_serial=yes\n[p]\ncommonName=supplied\n")


def sign(csr, extensions, begin, end, subject):
    with lock:
        with open(path("x.csr"), "w") as file:
            file.write(csr)
        with open(path("x.ext"), "w") as file:
            file.write(extensions)
        openssl("ca", "-batch", "-config", path("ca.cnf"), "-in", path("x.csr"), "-out", path("x.pem"), "-extfile", path("x.ext"), "-notext",
                "-startdate", stamp(begin), "-enddate", stamp(end), "-subj", "/CN=" + subject)
        with open(path("x.pem")) as file:
            return file.read()


def sign_node(csr, begin=None, end=None):
    now = time.time()
    wish = behaviour()
    return sign(csr, f"subjectAltName=URI:skep://{CLUSTER}/node/{NODE}\nextendedKeyUsage=clientAuth\n",
                now + wish.get("begin", -3600) if begin is None else begin, now + wish.get("end", 86400) if end is None else end, NODE)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(time.time() + behaviour().get("date", 0), usegmt=True)

    def answer(self, status, value, kind="application/json"):
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, {"code": code, "message": "refused by the test"})

    def do_GET(self):
        if self.path == "/v1/authority":
            with open(path("root.pem")) as file:
                self.answer(200, file.read(), "application/x-pem-file")
        else:
            self.refuse(404, "NotFound")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wish = behaviour()
        name = self.path.removeprefix("/v1/")
        if name == "enrol":
            self.enrol(body, wish)
        elif name == "renew":
            count("renew")
            self.answer(200, {"certificate": sign_node(body["csr"], time.time() - 3600, time.time() + 86400), "roots": open(path("root.pem")).read()})
        elif name == "renew/challenge":
            count("challenge")
            self.answer(200, {"nonce": "bm9uY2U="})
        elif name == "renew/late":
            self.late(body)
        elif name == "report":
            self.report(body, wish)
        elif name == "test/sign":
            now = time.time()
            self.answer(200, {"certificate": sign_node(body["csr"], now + body["begin"], now + body["end"]), "roots": open(path("root.pem")).read()})
        else:
            self.refuse(404, "NotFound")

    def enrol(self, body, wish):
        count("enrol")
        count("keys", openssl("req", "-noout", "-pubkey", data=body["csr"].encode()).decode())
        if wish.get("loseAnswers", 0) >= seen["enrol"]:
            self.close_connection = True
            return
        if "refuse" in wish:
            return self.refuse(403, wish["refuse"])
        waiting = wish.get("approveAfter", 0) >= seen["enrol"]
        self.answer(200, {
            "cluster": CLUSTER, "node": NODE, "name": "n1", "certificate": None if waiting else sign_node(body["csr"]),
            "roots": open(path("root.pem")).read(), "agentEndpoint": f"127.0.0.1:{agents.server_port}", "serverName": "coordinator.skep.internal"})

    def late(self, body):
        with lock:
            with open(path("late.pem"), "w") as file:
                file.write(body["certificate"])
            openssl("x509", "-in", path("late.pem"), "-pubkey", "-noout", "-out", path("late.pub"))
            with open(path("late.sig"), "wb") as file:
                file.write(base64.b64decode(body["signature"]))
            check = subprocess.run(["openssl", "dgst", "-sha256", "-verify", path("late.pub"), "-signature", path("late.sig")],
                                   input=(body["nonce"] + body["csr"]).encode(), capture_output=True)
        if check.returncode != 0:
            return self.refuse(403, "BadSignature")
        count("late")
        self.answer(200, {"certificate": sign_node(body["csr"], time.time() - 3600, time.time() + 86400), "roots": open(path("root.pem")).read()})

    def report(self, body, wish):
        count("report")
        count("holds", body["holds"])
        count("serials", self.connection.getpeercert()["serialNumber"].lower())
        if body["urgent"]:
            count("urgent")
        if "refuseReports" in wish:
            return self.refuse(403, wish["refuseReports"])
        spec = None
        if os.path.exists(path("spec.json")) and wish.get("revision", 0) != body["holds"]:
            with open(path("spec.json")) as file:
                spec = json.load(file)
        elif not body["urgent"]:
            time.sleep(wish.get("hold", 0.3))
        self.answer(200, {"version": 1, "revision": wish.get("revision", 0), "spec": spec, "acknowledged": 0,
                          "now": int((time.time() + wish.get("clock", 0)) * 1000)})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, verify):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(path("server.pem"), path("server.key"))
        if verify:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(path("root.pem"))

    def finish_request(self, request, client_address):
        try:
            request.settimeout(60)
            tls = self.context.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError):
            return
        count("connections")
        try:
            self.RequestHandlerClass(tls, client_address, self)
        except (ssl.SSLError, OSError):
            pass
        finally:
            tls.close()


make_key("root.key")
make_key("server.key")
openssl("req", "-x509", "-key", path("root.key"), "-subj", "/CN=test root", "-days", "3650", "-addext", "basicConstraints=critical,CA:TRUE", "-out",
        path("root.pem"))
ca_config()
request = openssl("req", "-new", "-key", path("server.key"), "-subj", "/CN=server").decode()
leaf = sign(request, "subjectAltName=DNS:coordinator.skep.internal\nextendedKeyUsage=serverAuth\n", time.time() - 86400, time.time() + 86400, "server")
with open(path("server.pem"), "w") as file:
    file.write(leaf + open(path("root.pem")).read())
der = openssl("pkey", "-pubin", "-outform", "DER", data=openssl("x509", "-in", path("root.pem"), "-noout", "-pubkey"))
public, agents = Server(False), Server(True)
for server in (public, agents):
    threading.Thread(target=server.serve_forever, daemon=True).start()
import hashlib
print(json.dumps({"public": public.server_port, "agents": agents.server_port, "fingerprint": hashlib.sha256(der).hexdigest()}), flush=True)
sys.stdin.read()
