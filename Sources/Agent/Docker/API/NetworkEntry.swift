/// A network in `GET /networks`.
struct NetworkEntry: Decodable, Sendable {
    struct Pool: Codable, Sendable {
        var Subnet: String?
        var Gateway: String?
    }
    struct Addresses: Decodable, Sendable { var Config: [Pool]? }

    var Name: String
    var Id: String
    var Scope: String?
    var Driver: String?
    var Ingress: Bool?
    var IPAM: Addresses?
    var Options: [String: String]?
    var Labels: [String: String]?

    static let mtuOption = "com.docker.network.driver.mtu"

    /// The interface of a network of the bridge driver.
    var bridge: String? {
        guard Driver == "bridge" else { return nil }
        if let name = Options?["com.docker.network.bridge.name"], !name.isEmpty { return name }
        return "br-" + Id.prefix(12)
    }

    var isSwarmOverlay: Bool { Driver == "overlay" && Scope == "swarm" }
    var stack: String? { Labels?[SkepLabel.stack] }
    var isOurs: Bool { SkepLabel.isOurs(Labels) }
    var mtu: Int? { Options?[Self.mtuOption].flatMap { Int($0) } }
}

/// What `POST /networks/create` takes.
struct NetworkCreation: Encodable, Sendable {
    struct Addresses: Encodable, Sendable { var Config: [NetworkEntry.Pool] }
    var Name: String
    var Driver = "overlay"
    var CheckDuplicate = true
    var Attachable = false
    var Ingress = false
    var Options: [String: String]
    var Labels: [String: String]
    var IPAM: Addresses?
}
