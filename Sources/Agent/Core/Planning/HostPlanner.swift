import SkepModel

/// Plans packages, engine, daemon.json and sysctls.
struct HostPlanner {
    let context: PlanningContext
    let memory: AgentMemory

    /// Packages without which the engine does not run, or is not reached: held with it where they are installed, as an upgrade of one
    /// may take the containers down as well.
    static let engineParts = ["containerd", "containerd.io", "docker-ce-cli", "docker-cli", "runc"]

    /// Percent of the disk with Docker's data from which what is unused is removed.
    static let diskLimit = 90
    /// Between two removals, milliseconds.
    static let pruneGap: Int64 = 600_000

    /// The condition's reason where Docker's chains were removed, which only a restart brings back.
    static let chainsGone = "ChainsGone"
    /// The condition's reason where a person must restart the engine.
    static let restartNeeded = "RestartNeeded"

    /// Debian's packages that the spec needs, in the order in which they are asked for.
    static func wantedPackages(_ spec: NodeSpec) -> [String] {
        var wanted: [String] = []
        if spec.firewall != nil { wanted.append("nftables") }
        if let docker = spec.docker { wanted += [docker.package, "apparmor"] }
        if spec.api != nil { wanted.append(DockerAPIPlanner.package) }
        if let shares = spec.shares {
            if !shares.exports.isEmpty { wanted.append("nfs-kernel-server") }
            if shares.client || !shares.mounts.isEmpty { wanted.append("nfs-common") }
        }
        return wanted
    }

    func packages() -> Part {
        guard case .seen(let seen) = context.observation.packages else {
            if case .failed(let error) = context.observation.packages { return context.blind(.packages, "dpkg's state", error) }
            return .nothing
        }
        let wanted = Self.wantedPackages(context.spec)
        if let running = seen.running {
            return Part(condition: context.condition(.packages, .false, "Installing", running))
        }
        if let docker = context.spec.docker, !seen.installed.contains(docker.package), !seen.interrupted,
            case .seen(.running(let version, _)) = context.observation.engine
        {
            return Part(
                condition: context.condition(
                    .packages, .false, "OtherEngine",
                    "Docker Engine \(version) runs here and is not of the package \(docker.package), which would replace it: remove it by hand once its containers may go, or give Skep another machine"
                ))
        }
        // The engine first: the swarm is made while the rest is installed.
        let absent = wanted.filter { !seen.installed.contains($0) }
        let first = absent.filter { !$0.hasPrefix("nfs-") && $0 != DockerAPIPlanner.package }
        let missing = first.isEmpty ? absent : first
        if !missing.isEmpty || seen.interrupted {
            let words = missing.isEmpty ? "finishing an interrupted dpkg run" : "installing \(missing.joined(separator: ", "))"
            var part = context.pending(
                .packages, [.installPackages(missing)], reason: "Installing", doing: words,
                cause: missing.isEmpty ? Cause(.packageInterrupted, "dpkg was interrupted") : Cause(.packageMissing, "it was not installed"))
            if let failure = seen.failure, part.condition?.reason == "Installing" { part.condition?.message = "\(words); last time: \(failure)" }
            return part
        }
        var holds: [String] = []
        if let docker = context.spec.docker, docker.hold { holds = [docker.package] + Self.engineParts.filter { seen.installed.contains($0) } }
        let unheld = holds.filter { !seen.held.contains($0) }
        if !unheld.isEmpty {
            return context.pending(
                .packages, [.holdPackages(unheld)], reason: "Holding", doing: "holding \(unheld.joined(separator: ", ")) against upgrades",
                cause: Cause(.holdRemoved, "the hold was taken off"))
        }
        let released = memory.held.filter { !holds.contains($0) && seen.held.contains($0) }
        if !released.isEmpty {
            return context.pending(
                .packages, [.unholdPackages(released)], reason: "Releasing", doing: "releasing \(released.joined(separator: ", "))")
        }
        // The engine may have to start once more with its own daemon.json: not in the midst of its removal.
        if context.spec.purge, !memory.packages.isEmpty, !memory.originalDaemonConfigKnown {
            return context.pending(
                .packages, [.removePackages(memory.packages)], reason: "Purging", doing: "removing the packages that Skep installed")
        }
        guard !wanted.isEmpty else { return .nothing }
        return Part(condition: context.condition(.packages, .true, "Installed", wanted.joined(separator: ", ")))
    }

    func daemonConfig() -> Part {
        guard let docker = context.spec.docker else {
            guard memory.originalDaemonConfigKnown else { return .nothing }
            let restore = AgentAction.restoreDaemonConfig(original: memory.originalDaemonConfig, restart: true)
            return context.pending(.daemonConfig, [restore], reason: "Restoring", doing: "putting back daemon.json as it was found")
        }
        switch context.observation.daemonConfig {
        case .failed(let error): return context.blind(.daemonConfig, "daemon.json", error)
        case .seen(.asWanted): return Part(condition: context.condition(.daemonConfig, .true, "AsWanted", "daemon.json holds what the file asks for"))
        case .seen(.invalid(let why)):
            return Part(
                condition: context.condition(
                    .daemonConfig, .false, "Invalid", "/etc/docker/daemon.json: \(why); mend it by hand, Skep does not overwrite it"))
        case .seen(.differs(let restart)):
            let merge = AgentAction.mergeDaemonConfig(docker, restart: restart && mayRestart)
            return context.pending(
                .daemonConfig, [merge], reason: "Merging", doing: "writing our keys into daemon.json",
                cause: Cause(.daemonConfig, "daemon.json did not have them"))
        case .seen(.restartNeeded):
            guard mayRestart else {
                return Part(
                    condition: context.condition(
                        .daemonConfig, .false, Self.restartNeeded,
                        "daemon.json is written, and the engine reads the MTU only when it starts; members of a swarm are restarted one at a time, and only with restart-docker: quorum-safe; or `systemctl restart docker` here when its tasks may go"
                    ))
            }
            return context.pending(
                .daemonConfig, [.mergeDaemonConfig(docker, restart: true)], reason: "Restarting",
                doing: "restarting the engine, which reads the MTU only then")
        }
    }

    /// An engine that runs, and is in no swarm yet: a restart takes no task of a stack down.
    private var mayRestart: Bool {
        if context.spec.docker?.restart == true { return true }
        guard case .seen(.running) = context.observation.engine, case .seen(let swarm) = context.observation.swarm else { return false }
        return swarm.state == .inactive
    }

    func engine() -> Part {
        guard context.spec.docker != nil else { return .nothing }
        switch context.observation.engine {
        case .failed(let error): return context.blind(.docker, "the Docker Engine", error)
        case .seen(.absent): return Part(condition: context.condition(.docker, .false, "NotInstalled", "the Docker Engine is not installed yet"))
        case .seen(.running(let version, _)):
            guard context.observation.dockerChains == false else {
                return Part(condition: context.condition(.docker, .true, "Running", "Docker Engine \(version)"))
            }
            if context.spec.docker?.restart == true {
                return context.pending(
                    .docker, [.restartEngine], reason: "Restarting", doing: "restarting the engine, which makes its firewall chains only then",
                    cause: Cause(.chainsGone, "its own firewall chains were gone"))
            }
            return Part(
                condition: context.condition(
                    .docker, .false, Self.chainsGone,
                    "Docker Engine \(version) runs, and its own firewall chains are gone: ports that containers publish and their way out are dead. "
                        + "`systemctl restart docker` here makes them anew and restarts this node's containers, and so does restart-docker: quorum-safe"
                ))
        case .seen(.stopped(let why)):
            if context.isInstalling || context.observation.packages.value?.running != nil {
                return Part(condition: context.condition(.docker, .false, "Installing", "apt is at work"))
            }
            // What an operator wrote is tried first, and only once.
            let hasFailed = context.failures[.startEngine] != nil && context.failures[.putBackDaemonConfig] == nil
            let former: [AgentAction] = context.observation.hasFormerDaemonConfig ? [.putBackDaemonConfig] : []
            return context.pending(
                .docker, hasFailed ? former + [.startEngine] : [.startEngine] + former, reason: "Starting",
                doing: "starting the Docker Engine, which does not answer: \(why)",
                cause: Cause(.engineStopped, "it did not answer: \(why)"))
        }
    }

    /// A full disk corrupts a manager's raft log (moby#46390): what nobody uses goes before that, volumes never.
    func disk() -> Part {
        let facts = context.observation.facts
        guard context.spec.role == .manager, context.spec.docker != nil, let used = facts.diskUsed else { return .nothing }
        let words = "\(used) % of the disk with Docker's data is used (\(facts.diskFreeBytes >> 30) GB free)"
        guard used >= Self.diskLimit else {
            guard used >= NodeFacts.diskWarning else { return Part(condition: context.condition(.disk, .true, "Enough", words)) }
            return Part(condition: context.condition(.disk, .true, "FillingUp", "\(words); from \(Self.diskLimit) % unused images are removed"))
        }
        let isDue = memory.prunedAt.map { context.now.since($0) >= Self.pruneGap || $0 > context.now } ?? true
        guard isDue, case .seen(.running) = context.observation.engine else {
            return Part(
                condition: context.condition(
                    .disk, .false, "NearlyFull",
                    "\(words), and nothing unused is left that Skep may remove: make room (`docker system df -v` shows what Docker holds) or enlarge the disk; "
                        + "a full one damages the swarm's own data"))
        }
        return context.pending(.disk, [.prune], reason: "Pruning", doing: words, cause: Cause(.diskFull, words))
    }

    func sysctls() -> Part {
        guard case .seen(let values) = context.observation.sysctls else {
            if case .failed(let error) = context.observation.sysctls { return context.blind(.sysctls, "sysctls", error) }
            return .nothing
        }
        let dropped = memory.originalSysctls.filter { context.spec.sysctls[$0.key] == nil }
        if !dropped.isEmpty {
            return context.pending(
                .sysctls, [.restoreSysctls(dropped)], reason: "Restoring", doing: "putting back \(dropped.keys.sorted().joined(separator: ", "))")
        }
        guard !context.spec.sysctls.isEmpty else { return .nothing }
        let differing = context.spec.sysctls.filter { values[$0.key].map(Self.normal) != Self.normal($0.value) }
        if differing.isEmpty { return Part(condition: context.condition(.sysctls, .true, "AsWanted", "\(context.spec.sysctls.count) set")) }
        let unknown = differing.keys.filter { values[$0] == nil }.sorted()
        if !unknown.isEmpty {
            return Part(
                actions: [.setSysctls(differing.filter { values[$0.key] != nil })].filter {
                    if case .setSysctls(let some) = $0 { !some.isEmpty } else { true }
                },
                condition: context.condition(
                    .sysctls, .false, "Unknown", "this kernel has no \(unknown.joined(separator: ", ")); take it out of the node's sysctls"))
        }
        let found = differing.keys.sorted().map { "\($0) was \(values[$0] ?? "missing")" }.joined(separator: ", ")
        return context.pending(
            .sysctls, [.setSysctls(context.spec.sysctls)], reason: "Setting", doing: "setting \(differing.keys.sorted().joined(separator: ", "))",
            cause: Cause(.sysctl, found))
    }

    /// The kernel writes tabs between numbers where people write blanks.
    private static func normal(_ value: String) -> [Substring] { value.split { $0 == " " || $0 == "\t" } }
}
