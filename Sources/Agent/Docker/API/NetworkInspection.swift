internal import SkepModel

/// A network in `GET /networks/{id}`, with what is attached to it on this node.
struct NetworkInspection: Decodable, Sendable {
    struct Endpoint: Decodable, Sendable {
        /// With the prefix's length.
        var IPv4Address: String?
    }

    var Containers: [String: Endpoint]?

    /// Docker's own name for the namespace in which the ingress mesh is made (moby, `libnetwork/sandbox.go`).
    static let sandbox = "ingress-sbox"

    var sandboxAddress: IPAddress? { Containers?[Self.sandbox]?.IPv4Address.flatMap { IPAddress(String($0.prefix { $0 != "/" })) } }
}
