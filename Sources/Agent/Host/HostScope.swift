public import AgentCore
public import SkepModel

/// What a look at the machine is about: only what the spec asks for, and what is ours and may have to go.
public struct HostScope: Sendable, Equatable {
    /// A place where something should be mounted.
    public struct Mount: Sendable, Equatable {
        public enum Source: Sendable, Equatable {
            /// `server:/path`, as the kernel names it.
            case remote(server: IPAddress, path: String)
            case folder(String)
        }
        public var source: Source
        public var write: Bool
        public init(source: Source, write: Bool) {
            self.source = source
            self.write = write
        }
    }

    public var packages: [String]
    public var docker: NodeSpec.Docker?
    public var sysctls: Set<String>
    public var folders: [String]
    /// Folders that stacks bind.
    public var bound: [String] = []
    public var mounts: [String: Mount]
    /// Names the probe's file, so that two nodes do not remove each other's.
    public var node: String
    /// Docker's bridges by the engine's own word; those with Docker's names are known without it.
    public var bridges: [String]
    /// A ruleset is on trial, and no connection from management has been seen yet.
    public var countsConnections = false

    public init(
        packages: [String] = [], docker: NodeSpec.Docker? = nil, sysctls: Set<String> = [], folders: [String] = [],
        mounts: [String: Mount] = [:], node: String = "", bridges: [String] = []
    ) {
        self.packages = packages
        self.docker = docker
        self.sysctls = sysctls
        self.folders = folders
        self.mounts = mounts
        self.node = node
        self.bridges = bridges
    }

    /// What a spec is about; nil stands for a node that has none yet.
    public init(spec: NodeSpec?, memory: AgentMemory, packages: [String], bridges: [String] = []) {
        let held = memory.held.filter { !packages.contains($0) }
        self.init(packages: packages + held, docker: spec?.docker, node: spec?.node.rawValue ?? "", bridges: bridges)
        sysctls = Set(memory.originalSysctls.keys).union(spec?.sysctls.keys.map { $0 } ?? [])
        countsConnections = memory.firewall.trial.map { !$0.inbound } ?? false
        bound = spec?.folders ?? []
        folders = spec?.shares?.exports.map(\.path) ?? []
        for mount in spec?.shares?.mounts ?? [] {
            mounts[mount.mount] = Mount(source: .remote(server: mount.server, path: mount.path), write: mount.write)
        }
        for export in spec?.shares?.exports ?? [] where export.mount != export.path {
            mounts[export.mount] = Mount(source: .folder(export.path), write: true)
        }
    }
}

extension HostScope.Mount.Source {
    /// As the kernel's mount table says it.
    var text: String {
        switch self {
        case .remote(let server, let path): server.isV4 ? "\(server):\(path)" : "[\(server)]:\(path)"
        case .folder(let path): path
        }
    }
}
