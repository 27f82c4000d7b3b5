import CLinux
import Glibc
import SkepSystem
import Synchronization
import Testing

/// An HTTP/1.1 server on a real socket with one thread for each connection; what it answers depends on the path.
final class StubServer: Sendable {
    struct Seen: Sendable {
        var connections = 0
        var requests: [String] = []
        var closed = 0
        var isReleased = false
    }

    let url: String
    let port: UInt16
    private let socket: Int32
    private let log = Mutex(Seen())

    var seen: Seen {
        log.withLock { $0 }
    }

    /// Listens on a free port of 127.0.0.1, or on a unix socket.
    init(unixSocket: String? = nil) throws {
        var address = sockaddr_storage()
        var length: socklen_t
        if let unixSocket {
            socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            length = clinux_unix_address(&address, unixSocket)
        } else {
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &address) {
                $0.storeBytes(of: sa_family_t(AF_INET), as: sa_family_t.self)
                $0.storeBytes(of: UInt32(0x7f00_0001).bigEndian, toByteOffset: 4, as: UInt32.self)
            }
        }
        let socket = socket
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, 50) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = withUnsafeBytes(of: &address) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
        url = unixSocket == nil ? "http://127.0.0.1:\(port)" : "http://docker"
        thread { [self] in accepting() }
    }

    /// Answers what waits at `/held`.
    func release() {
        log.withLock { $0.isReleased = true }
    }

    /// Waits until what was seen is as wanted; false when it is not after a minute.
    func saw(_ isWanted: @Sendable (Seen) -> Bool) async throws -> Bool {
        for _ in 0..<6000 {
            if isWanted(seen) { return true }
            try await LoopActor.sleep(for: .milliseconds(10))
        }
        return false
    }

    private func accepting() {
        while case let connection = accept(socket, nil, nil), connection >= 0 {
            log.withLock { $0.connections += 1 }
            thread { [self] in
                serve(connection)
                close(connection)
                log.withLock { $0.closed += 1 }
            }
        }
    }

    private func serve(_ connection: Int32) {
        var pending: [UInt8] = []
        while let (head, body) = request(connection, &pending) {
            log.withLock { $0.requests.append(head) }
            let path = head.split(separator: " ").dropFirst().first ?? ""
            func send(_ text: String) { _ = Glibc.send(connection, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
            func answer(_ status: String, _ bytes: [UInt8]) {
                send("HTTP/1.1 \(status)\r\nContent-Length: \(bytes.count)\r\nX-Test:  spaced \r\n\r\n")
                _ = bytes.isEmpty ? 0 : Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            }
            switch path {
            case "/echo": answer("200 OK", body)
            case "/head": answer("200 OK", Array(head.utf8))
            case "/big": answer("200 OK", [UInt8](repeating: 97, count: 1 << 20))
            case "/missing": answer("404 Not Found", Array("no such thing".utf8))
            case "/held":
                while !seen.isReleased { usleep(2000) }
                answer("200 OK", Array("held".utf8))
            case "/silent":
                var byte: UInt8 = 0
                while read(connection, &byte, 1) > 0 {}
            case "/hangup": return
            case "/half":
                send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                return
            case "/noise":
                send("SSH-2.0-OpenSSH_9.2\r\n")
                return
            case "/stream":
                send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for number in 0..<5 {
                    send("2\r\n\(number)\n\r\n")
                    usleep(20_000)
                }
                send("0\r\n\r\n")
            case "/endless":
                send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while Glibc.send(connection, "1\r\nx\r\n", 6, Int32(MSG_NOSIGNAL)) == 6 { usleep(10_000) }
                return
            default: answer("200 OK", Array("hello".utf8))
            }
        }
    }

    /// The next request's head and body; nil at the end of the connection.
    private func request(_ connection: Int32, _ pending: inout [UInt8]) -> (String, [UInt8])? {
        func more() -> Bool {
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = read(connection, &chunk, chunk.count)
            guard count > 0 else { return false }
            pending += chunk[..<count]
            return true
        }
        let end: [UInt8] = [13, 10, 13, 10]
        func headEnd() -> Int? {
            guard pending.count >= 4 else { return nil }
            return (0...(pending.count - 4)).first { Array(pending[$0..<($0 + 4)]) == end }
        }
        while headEnd() == nil { guard more() else { return nil } }
        guard let at = headEnd() else { return nil }
        let head = String(decoding: pending[..<at], as: UTF8.self)
        let lengths = head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("content-length:") }
        let length = lengths.first.flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
        while pending.count < at + 4 + length { guard more() else { return nil } }
        let body = Array(pending[(at + 4)..<(at + 4 + length)])
        pending.removeFirst(at + 4 + length)
        return (head, body)
    }
}

private final class Work {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}

func thread(_ body: @escaping @Sendable () -> Void) {
    var id = pthread_t()
    let failure = pthread_create(
        &id, nil,
        { context in
            if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
            return nil
        }, Unmanaged.passRetained(Work(body)).toOpaque())
    precondition(failure == 0)
    pthread_detach(id)
}
