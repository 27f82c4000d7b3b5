#!/usr/bin/env python3
"""A stand-in for a Nuvla server: the resources that `skep nuvla` uses, each request checked against their documented form.

usage: nuvla-stand-in.py ADDRESS PORT CERTIFICATE KEY
API key: credential/6b4f, secret s3cr3t. `GET /stand-in` shows what there is, `POST /stand-in/fail/RESOURCE` has the next one of these fail.
"""
import http.server
import json
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import uuid

API_KEY, API_SECRET = "credential/6b4f", "s3cr3t"
COOKIE = "com.sixsq.nuvla.cookie"
resources = {}
sessions = set()
failing = set()


def keys(body, required, optional=()):
    """A mapping with these keys, each a text that is not empty, and no others."""
    if not isinstance(body, dict):
        raise ValueError("not a mapping")
    missing = [key for key in required if not (isinstance(body.get(key), (str, dict)) and body[key])]
    unknown = [key for key in body if key not in required and key not in optional]
    if missing or unknown:
        raise ValueError(f"resource does not satisfy defined schema: missing {missing}, unknown {unknown}")


def parent(template, resource):
    if template["parent"] not in resources or not template["parent"].startswith(resource + "/"):
        raise ValueError(f"parent {template['parent']} is no {resource}")


def signed(authority, certificate, key):
    """Whether the three belong together, as Docker's client wants them."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("ca", authority), ("cert", certificate), ("key", key)):
            with open(f"{folder}/{name}", "w") as file:
                file.write(text)
        subprocess.run(["openssl", "verify", "-purpose", "sslclient", "-CAfile", f"{folder}/ca", f"{folder}/cert"], check=True, capture_output=True)
        said = [subprocess.run(["openssl", *words], check=True, capture_output=True).stdout
                for words in (["x509", "-in", f"{folder}/cert", "-noout", "-pubkey"], ["pkey", "-in", f"{folder}/key", "-pubout"])]
        if said[0] != said[1]:
            raise ValueError("the key is not the certificate's")


def check(resource, body):
    """What is kept of a resource that is to be added; ValueError with Nuvla's kind of words."""
    if resource == "infrastructure-service-group":
        keys(body, ["name"], ["description", "documentation"])
        return body
    if resource == "infrastructure-service":
        keys(body, ["template"])
        template = body["template"]
        keys(template, ["href", "parent", "subtype", "endpoint"], ["name", "description", "state", "tags", "capabilities"])
        if template["href"] != "infrastructure-service-template/generic" or template["subtype"] not in ("swarm", "kubernetes", "s3", "registry"):
            raise ValueError("unknown template or subtype")
        if not re.fullmatch(r"https?://[^/\s]+/?", template["endpoint"]):
            raise ValueError("endpoint is no URL")
        parent(template, "infrastructure-service-group")
        return {key: value for key, value in template.items() if key != "href"}
    if resource == "credential":
        keys(body, ["template"], ["name", "description"])
        template = body["template"]
        if template.get("href") == "credential-template/infrastructure-service-swarm":
            keys(template, ["href", "parent", "ca", "cert", "key"])
            signed(template["ca"], template["cert"], template["key"])
        elif template.get("href") == "credential-template/infrastructure-service-minio":
            keys(template, ["href", "parent", "access-key", "secret-key"])
        else:
            raise ValueError("unknown template")
        parent(template, "infrastructure-service")
        return {**{key: value for key, value in template.items() if key != "href"}, "name": body.get("name"), "description": body.get("description"),
                "subtype": template["href"].split("/")[1]}
    raise KeyError(resource)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        print(self.command, self.path, *words[1:], flush=True)

    def answer(self, status, body, headers=()):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def refuse(self, status, message):
        self.answer(status, {"status": status, "message": message})

    def body(self):
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")

    def is_known(self):
        return self.headers.get("Cookie", "") in {f"{COOKIE}={session}" for session in sessions}

    def do_POST(self):
        if self.path.startswith("/stand-in/fail/"):
            failing.add(self.path.rsplit("/", 1)[1])
            return self.answer(200, {})
        try:
            body = self.body()
            if self.path == "/api/session":
                keys(body, ["template"])
                keys(body["template"], ["href", "key", "secret"])
                if body["template"] != {"href": "session-template/api-key", "key": API_KEY, "secret": API_SECRET}:
                    return self.refuse(403, "invalid credentials provided")
                session = str(uuid.uuid4())
                sessions.add(session)
                return self.answer(201, {"status": 201, "message": "session created", "resource-id": f"session/{session}"},
                                   [("Set-Cookie", f"{COOKIE}={session};Path=/;HttpOnly;Secure")])
            if not self.is_known():
                return self.refuse(403, "invalid credentials for '/api'")
            resource = self.path.removeprefix("/api/")
            if resource in failing:
                failing.discard(resource)
                return self.refuse(500, "unexpected exception")
            kept = check(resource, body)
        except (ValueError, TypeError, subprocess.CalledProcessError) as error:
            return self.refuse(400, str(error))
        except KeyError:
            return self.refuse(404, "unknown resource")
        name = f"{resource}/{uuid.uuid4()}"
        resources[name] = {**kept, "id": name, "resource-type": resource}
        self.answer(201, {"status": 201, "message": f"{name} created", "resource-id": name}, [("Location", name)])

    def do_GET(self):
        if self.path == "/stand-in":
            return self.answer(200, resources)
        if not self.is_known():
            return self.refuse(403, "invalid credentials for '/api'")
        url = urllib.parse.urlsplit(self.path)
        resource = url.path.removeprefix("/api/")
        query = urllib.parse.parse_qs(url.query)
        condition = re.fullmatch(r"([a-z-]+)='((?:[^'\\]|\\.)*)'", query.get("filter", [""])[0])
        if not condition:
            return self.refuse(400, "invalid filter")
        key, value = condition[1], condition[2].replace("\\'", "'")
        found = [kept for kept in resources.values() if kept["resource-type"] == resource and kept.get(key) == value]
        wanted = query.get("select", [""])[0].split(",")
        self.answer(200, {"count": len(found), "resource-type": f"{resource}-collection",
                          "resources": [{name: kept[name] for name in wanted if name in kept} for kept in found]})

    def do_DELETE(self):
        if not self.is_known():
            return self.refuse(403, "invalid credentials for '/api'")
        name = self.path.removeprefix("/api/")
        if name not in resources:
            return self.refuse(404, f"{name} not found")
        if any(kept.get("parent") == name for kept in resources.values()):
            return self.refuse(409, f"{name} is still used")
        del resources[name]
        self.answer(200, {"status": 200, "message": f"{name} deleted", "resource-id": name})


server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
server.socket = context.wrap_socket(server.socket, server_side=True)
print("stand-in of Nuvla", flush=True)
server.serve_forever()
