import Glibc
import SkepSystem
import Testing

/// What may sit where Docker's socket should be: a proxy that refuses old versions, garbage, silence, a flood.
@LoopActor final class FakeDocker {
    let socket: String
    private let folder: String
    private let task: Task<Void, Never>

    /// `mode` is one of the script's; `upstream` the real socket behind the proxy.
    nonisolated static func with(
        _ mode: String, upstream: String = "", _ body: @escaping @LoopActor @Sendable (FakeDocker) async throws -> Void
    ) async throws {
        EventLoop.runInBackground()
        try await running(mode, upstream, body)
    }

    private static func running(_ mode: String, _ upstream: String, _ body: @LoopActor (FakeDocker) async throws -> Void) async throws {
        let folder = "/tmp/skf\(getpid())\(SystemRandom.hex(3))"
        try Files.makeDirectory(folder, mode: 0o700)
        let fake = FakeDocker(mode, folder, upstream)
        do {
            for _ in 0..<200 where !Files.exists(fake.socket + ".ready") { try await LoopActor.sleep(for: .milliseconds(50)) }
            try await body(fake)
        } catch {
            await fake.stop()
            throw error
        }
        await fake.stop()
    }

    private init(_ mode: String, _ folder: String, _ upstream: String) {
        self.folder = folder
        socket = "\(folder)/s"
        let command = Command("/usr/bin/python3", ["-c", Self.script, mode, socket, upstream], deadline: .seconds(120))
        task = Task { @LoopActor in _ = try? await run(command) }
    }

    private func stop() async {
        task.cancel()
        await task.value
        try? Files.removeTree(folder)
    }

    private static let script = #"""
        import http.client, json, os, re, socket, socketserver, sys, time
        from http.server import BaseHTTPRequestHandler
        mode, path, upstream = sys.argv[1:4]
        class Upstream(http.client.HTTPConnection):
            def connect(self):
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(upstream)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *_): pass
            def address_string(self): return "unix"
            def answer(self, status, body, **headers):
                self.send_response(status)
                for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                version = re.match(r"/v1\.(\d+)/", self.path)
                if mode == "garbage":
                    self.answer(200, b"<html>hello</html>", Api_Version="1.41")
                elif mode == "nonsense":
                    self.answer(200, b'{"ServerVersion": 5, "Swarm": []}', Api_Version="1.45")
                elif mode == "old":
                    self.answer(200, b"OK", Api_Version="1.40")
                elif mode == "flood":
                    self.answer(200, b"[" + b" " * (4 << 20) + b"]", Api_Version="1.44")
                elif mode == "headless":
                    if self.path == "/version": self.answer(200, b'{"ApiVersion": "1.47", "Unknown": null}')
                    elif self.path == "/_ping": self.answer(200, b"OK")
                    else: self.answer(200, json.dumps({"ServerVersion": self.path}).encode() if "info" in self.path else b"[]")
                elif mode == "newest":
                    if self.path == "/_ping": self.answer(200, b"OK", Api_Version="1.99")
                    elif int(version.group(1)) < 60:
                        self.answer(400, b'{"message":"client version 1.51 is too old. Minimum supported API version is 1.60, please upgrade"}')
                elif mode == "cutoff":  # a manager that loses the leader's answer to its own demotion, and a worker from the next look on
                    cut = b'{"message":"rpc error: code = Canceled desc = grpc: the client connection is closing"}'
                    node = lambda id: {"ID": id, "Version": {"Index": 1}, "Spec": {"Role": "manager"}, "ManagerStatus": {"Reachability": "reachable"}}
                    demoted = os.path.exists(path + ".demoted")
                    if self.path == "/_ping": self.answer(200, b"OK", Api_Version="1.41")
                    elif "/leave" in self.path: open(path + ".left", "w").close(); self.answer(200, b"")
                    elif "/update" in self.path: open(path + ".demoted", "w").close(); self.answer(500, cut)
                    elif self.path.endswith("/info"):
                        state = "inactive" if os.path.exists(path + ".left") else "active"
                        swarm = {"NodeID": "a", "LocalNodeState": state, "ControlAvailable": not demoted, "Cluster": None if demoted else {"ID": "c"}}
                        self.answer(200, json.dumps({"ServerVersion": "20.10.24", "Swarm": swarm}).encode())
                    elif demoted: self.answer(500, cut)
                    else: self.answer(200, json.dumps([node("a"), node("b"), node("c")] if self.path.endswith("/nodes") else node("a")).encode())
                elif mode == "refuse":
                    if self.path == "/_ping": return self.answer(200, b"OK", Api_Version="1.52")
                    if not version or int(version.group(1)) < 44:
                        return self.answer(400, b'{"message":"client version 1.41 is too old. Minimum supported API version is 1.44"}')
                    link = Upstream("docker")
                    link.request(self.command, re.sub(r"^/v1\.\d+/", "/v1.41/", self.path), body or None, {"Content-Type": "application/json"})
                    reply = link.getresponse()
                    self.answer(reply.status, reply.read())
            do_GET = do_POST = do_DELETE = handle_any
        class Raw(socketserver.BaseRequestHandler):
            def handle(self):
                if mode == "silent": time.sleep(60)
                self.request.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                # as sshd does; libcurl takes an end that comes before it has looked for a connection that was refused
                self.request.recv(65536)
        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
        server = Server(path, Raw if mode in ("silent", "raw") else Handler)
        open(path + ".ready", "w").close()
        server.serve_forever()
        """#
}
