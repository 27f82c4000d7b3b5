import Glibc

/// Opens TCP connections, so that a node sees a new one from here while its rules are on trial.
struct ConnectionOpener {
    private var open: [Int32] = []

    /// Closes those of the last round and opens one to each of the places; a node needs only one that arrives. They stay open until the next round.
    mutating func round(_ endpoints: [(host: String, port: Int)], deadline milliseconds: Int32 = 3000) {
        close()
        var pending: [pollfd] = []
        for endpoint in endpoints {
            guard let descriptor = Self.begin(endpoint.host, endpoint.port) else { continue }
            open.append(descriptor)
            pending.append(pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0))
        }
        if !pending.isEmpty { _ = poll(&pending, nfds_t(pending.count), milliseconds) }
    }

    mutating func close() {
        for descriptor in open { Glibc.close(descriptor) }
        open = []
    }

    /// `HOST:PORT`, with the address in brackets when it is IPv6.
    static func endpoint(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return host.isEmpty ? nil : (String(host), port)
    }

    private static func begin(_ host: String, _ port: Int) -> Int32? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let info = list else { return nil }
        defer { freeaddrinfo(list) }
        let descriptor = socket(info.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        guard connect(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 || errno == EINPROGRESS else {
            Glibc.close(descriptor)
            return nil
        }
        return descriptor
    }
}
