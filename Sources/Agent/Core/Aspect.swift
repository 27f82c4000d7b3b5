internal import SkepModel

/// A part of the machine that is looked at by itself when something happened to it: a glance, quick enough to mend at once.
public enum Aspect: Sendable, Hashable, CaseIterable {
    case firewall, server, mounts
    /// Containers that are bound to shares.
    case tasks
    /// The engine, its daemon.json, and the swarm as it sees it.
    case engine

    /// What may be planned from a glance at it.
    public var lanes: Set<Lane> {
        switch self {
        case .firewall: [.firewall]
        case .server: [.server]
        case .mounts: [.mounts]
        case .tasks: [.tasks]
        case .engine: [.engine, .swarm, .members, .tokens, .networks, .stacks, .removals]
        }
    }

    /// What a manager does for the swarm.
    static let duties: Set<Lane> = [.members, .tokens, .networks, .stacks, .removals]

    /// What to glance at after it: a mount that was made anew leaves containers behind that hold the former one.
    public var next: Aspect? { self == .mounts ? .tasks : nil }
}

extension Lane {
    /// What to glance at when an action of the lane has ended; nil where the next complete look must tell.
    public var aspect: Aspect? {
        switch self {
        case .firewall: .firewall
        case .server: .server
        case .mounts: .mounts
        case .tasks: .tasks
        case .packages, .disk, .engine, .sysctls, .registries, .api, .folders, .swarm, .members, .tokens, .networks, .stacks, .removals,
            .drill:
            nil
        }
    }
}

extension Observation {
    /// Takes over the aspect from another look.
    public mutating func take(_ aspect: Aspect, from other: Observation) {
        switch aspect {
        case .firewall: table = other.table
        case .server: server = other.server
        case .mounts: mounts = other.mounts
        case .tasks: strays = other.strays
        case .engine:
            engine = other.engine
            facts.docker = other.facts.docker
            daemonConfig = other.daemonConfig
            daemonText = other.daemonText
            hasFormerDaemonConfig = other.hasFormerDaemonConfig
            dockerChains = other.dockerChains
            swarm = other.swarm
            manager = other.manager
        }
    }
}
