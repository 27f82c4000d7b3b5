internal import CLinux
internal import Glibc
internal import SkepModel
internal import SkepSystem

/// Sockets as the probes need them: not blocking, closed on exec, on the loop.
@LoopActor enum ProbeSocket {
    /// Makes a socket; a test may have it made in another network namespace.
    typealias Source = @Sendable (_ domain: Int32, _ type: Int32) -> Int32
    nonisolated static let system: Source = { clinux_socket($0, $1, 0) }

    static let stream = Int32(SOCK_STREAM.rawValue)
    static let datagram = Int32(SOCK_DGRAM.rawValue)

    static func open(_ address: IPAddress, _ type: Int32, _ source: Source = system) throws(SystemError) -> Int32 {
        let descriptor = source(address.isV4 ? AF_INET : AF_INET6, type)
        guard descriptor >= 0 else { throw SystemError.last("cannot make a socket") }
        return descriptor
    }

    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Datagrams that may not be fragmented on the way, whatever the kernel believes of the path (ip(7), IP_PMTUDISC_PROBE).
    static func forbidFragments(_ descriptor: Int32, _ address: IPAddress) {
        if address.isV4 {
            set(descriptor, Int32(IPPROTO_IP), Int32(CLINUX_IP_MTU_DISCOVER), Int32(CLINUX_PMTUDISC_PROBE))
        } else {
            set(descriptor, Int32(IPPROTO_IPV6), Int32(CLINUX_IPV6_MTU_DISCOVER), Int32(CLINUX_PMTUDISC_PROBE))
            // IPV6_DONTFRAG
            set(descriptor, Int32(IPPROTO_IPV6), 62, 1)
        }
    }

    /// A socket that listens on that address and port, and on no other family's.
    static func listen(_ address: IPAddress, port: UInt16, _ type: Int32, _ source: Source = system) throws(SystemError) -> Int32 {
        let descriptor = try open(address, type, source)
        if !address.isV4 { set(descriptor, Int32(IPPROTO_IPV6), Int32(IPV6_V6ONLY), 1) }
        // Ends of former connections do not keep the port; a second listener still cannot have it.
        if type == stream { set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) } else { forbidFragments(descriptor, address) }
        let status = SocketAddress(address, port: port).with { Glibc.bind(descriptor, $0, $1) }
        guard status == 0, type != stream || Glibc.listen(descriptor, 64) == 0 else {
            let error = SystemError.last("cannot listen")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// A connection that stands; the caller closes it.
    static func dial(_ address: IPAddress, port: UInt16, _ source: Source = system) async throws -> Int32 {
        let descriptor = try open(address, stream, source)
        do {
            let status = SocketAddress(address, port: port).with { Glibc.connect(descriptor, $0, $1) }
            if status != 0 {
                guard errno == EINPROGRESS else { throw SystemError.last("no connection") }
                try await ready(descriptor, .writable)
                var failure: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
                guard failure == 0 else { throw SystemError(.unavailable, "no connection: \(String(cString: strerror(failure)))", errno: failure) }
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Whether somebody accepts connections there.
    static func connect(to address: IPAddress, port: UInt16, deadline: Duration) async throws {
        _ = try await LoopActor.withDeadline(deadline) { close(try await dial(address, port: port)) }
    }

    /// Sends a line over a new connection and answers with the line that comes back.
    static func ask(_ address: IPAddress, port: UInt16, _ line: String, _ source: Source = system) async throws -> String {
        let descriptor = try await dial(address, port: port, source)
        defer { close(descriptor) }
        let bytes = Array(line.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw SystemError.last("cannot send") }
        var answer: [UInt8] = []
        while !answer.contains(UInt8(ascii: "\n")), answer.count < 256 {
            try await ready(descriptor, .readable)
            var chunk = [UInt8](repeating: 0, count: 256)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EAGAIN { continue }
            guard count > 0 else { throw count == 0 ? SystemError(.unavailable, "closed without an answer") : SystemError.last("no answer") }
            answer += chunk[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    private static func ready(_ descriptor: Int32, _ events: IOEvents) async throws {
        let done = OneShot<Void>()
        let watch = try LoopActor.watch(descriptor, events) { _ in done.finish(.success(())) }
        defer { watch.cancel() }
        try await done.value()
    }
}

/// An address with a port, as the kernel takes it.
struct SocketAddress: Equatable {
    private var bytes: [UInt8]

    init(_ address: IPAddress, port: UInt16) {
        func big(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
        let family = UInt16(address.isV4 ? AF_INET : AF_INET6)
        bytes = withUnsafeBytes(of: family) { Array($0) } + big(port)
        switch address {
        case .v4(let value): bytes += big(value) + [UInt8](repeating: 0, count: 8)
        case .v6(let high, let low): bytes += [0, 0, 0, 0] + big(high) + big(low) + [0, 0, 0, 0]
        }
    }

    /// What the kernel gave back.
    init(_ storage: sockaddr_storage, _ length: socklen_t) {
        bytes = withUnsafeBytes(of: storage) { Array($0.prefix(Int(length))) }
    }

    var port: UInt16 { bytes.count >= 4 ? UInt16(bytes[2]) << 8 | UInt16(bytes[3]) : 0 }

    func with<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(bytes.count)) }
        }
    }
}
