/// Where a coordinator is: `https://HOST:7443`, as operators write it.
struct CoordinatorAddress: Equatable {
    /// Every coordinator's certificate bears this name, by whatever address it is reached.
    static let serverName = "coordinator.skep.internal"

    /// In one form, so that it can be compared.
    let url: String
    /// `host:port`.
    let endpoint: String
    let port: Int

    init(_ text: String) throws {
        var rest = Substring(text)
        if rest.hasPrefix("https://") { rest = rest.dropFirst(8) }
        guard !rest.contains("://") else { throw CommandFailure(.usage, "'\(text)' is no coordinator: its address begins with https://") }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var host = rest
        var port = 7443
        let colon = rest.hasPrefix("[") ? rest.firstIndex(of: "]").flatMap { rest[$0...].firstIndex(of: ":") } : rest.firstIndex(of: ":")
        if let colon {
            guard let number = Int(rest[rest.index(after: colon)...]), (1...65535).contains(number) else {
                throw CommandFailure(.usage, "'\(text)' is no coordinator: write https://HOST:7443, an IPv6 address in brackets")
            }
            port = number
            host = rest[..<colon]
        }
        let allowed = host.utf8.allSatisfy {
            (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) || [0x2d, 0x2e, 0x3a, 0x5b, 0x5d].contains($0)
        }
        guard !host.isEmpty, allowed else { throw CommandFailure(.usage, "'\(text)' is no coordinator: write https://HOST:7443") }
        self.port = port
        endpoint = "\(host):\(port)"
        url = "https://\(host):\(port)"
    }
}
