import Foundation
import Glibc

/// Connections that say nonsense, or nothing.
enum Garbage {
    /// Opens so many, some hundred at a time, and leaves them; says how many were taken.
    static func send(_ count: Int, ports: [Int]) async -> Int {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var taken = 0
                var open: [Int32] = []
                for index in 0..<count {
                    guard let descriptor = connected(ports[index % ports.count]) else { continue }
                    taken += 1
                    let words: [String] = ["GET / HTTP/1.1\r\n\r\n", "", "\u{16}\u{03}\u{01}nonsense", String(repeating: "x", count: 400)]
                    let bytes = Array(words[index / 2 % words.count].utf8)
                    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                    open.append(descriptor)
                    if open.count == 200 {
                        for descriptor in open { close(descriptor) }
                        open = []
                    }
                }
                for descriptor in open { close(descriptor) }
                continuation.resume(returning: taken)
            }
        }
    }

    /// Opens so many connections, waits, and says how many of them the other side has closed.
    static func closed(of count: Int, port: Int, after seconds: Double) async -> Int {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let open = (0..<count).compactMap { _ in connected(port) }
                Thread.sleep(forTimeInterval: seconds)
                var byte: UInt8 = 0
                let gone = open.filter { recv($0, &byte, 1, Int32(MSG_DONTWAIT)) == 0 }.count
                for descriptor in open { close(descriptor) }
                continuation.resume(returning: gone)
            }
        }
    }

    private static func connected(_ port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
