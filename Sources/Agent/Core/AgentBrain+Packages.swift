public import SkepModel

extension AgentBrain {
    /// What a look at dpkg is about: Debian's packages that a spec needs, and those that the engine runs on.
    public static func packages(for spec: NodeSpec?) -> [String] {
        guard let spec else { return [] }
        return HostPlanner.wantedPackages(spec) + (spec.docker == nil ? [] : HostPlanner.engineParts)
    }
}
