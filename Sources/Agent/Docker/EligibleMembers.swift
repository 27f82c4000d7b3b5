internal import SkepModel

extension PlacementConstraint {
    /// The members that may run the service now; nil when a constraint is beyond us.
    static func eligible(_ constraints: [String], _ nodes: [NodeEntry]) -> [NodeEntry]? {
        let able = nodes.filter { $0.state == "ready" && $0.availability == "active" }
        return eligible(constraints, able) { Member(id: $0.ID, hostname: $0.hostname, role: $0.role, labels: $0.labels) }
    }
}
