public import SkepModel

extension AgentBrain {
    /// Debian's packages that a spec needs: what a look at dpkg is about.
    public static func packages(for spec: NodeSpec?) -> [String] { spec.map { HostPlanner.wantedPackages($0) } ?? [] }
}
