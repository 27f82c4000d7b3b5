internal import SkepModel

/// A member of the swarm in `GET /nodes`.
struct NodeEntry: Decodable, Sendable {
    struct About: Decodable, Sendable {
        struct System: Decodable, Sendable { var Architecture, OS: String }
        var Hostname: String?
        var Platform: System?
    }
    struct Health: Decodable, Sendable {
        var State: String?
        var Addr: String?
    }
    struct Managing: Decodable, Sendable {
        var Leader: Bool?
        var Reachability: String?
        var Addr: String?
    }

    var ID: String
    var Version: ObjectVersion
    /// Whole, so that an update keeps what Skep does not know.
    var Spec: JSONValue
    var Description: About?
    var Status: Health?
    /// Only of members that are managers now, whatever the specification wants.
    var ManagerStatus: Managing?

    var labels: [String: String] { Spec["Labels"]?.texts ?? [:] }
    var hostname: String { Description?.Hostname ?? "" }
    var state: String { Status?.State ?? "unknown" }
    /// `linux/amd64`, as images name it.
    var platform: String? { Description?.Platform.map { "\($0.OS)/\(ImagePins.architecture($0.Architecture))" } }
    var isDown: Bool { state == "down" }
    var availability: String { Spec["Availability"]?.text ?? "active" }
    /// The role that it has, not the one that is asked for.
    var role: Role { ManagerStatus == nil ? .worker : .manager }
    var isReachable: Bool { ManagerStatus.map { $0.Reachability == "reachable" } ?? (state == "ready") }

    /// The address without a port; a manager's own entry may say 0.0.0.0 where its raft address is the real one.
    var address: String {
        let plain = Status?.Addr ?? ""
        guard plain.isEmpty || plain == "0.0.0.0" || plain == "::", let raft = ManagerStatus?.Addr, let colon = raft.lastIndex(of: ":")
        else { return plain }
        return String(raft[..<colon].drop { $0 == "[" }.reversed().drop { $0 == "]" }.reversed())
    }

    var member: ManagerView.Member {
        ManagerView.Member(
            id: ID, hostname: hostname, role: role, state: state, availability: availability, leader: ManagerStatus?.Leader ?? false,
            reachable: isReachable, address: address, labels: labels)
    }
}
