import AgentCore
import SkepModel

/// One simulated machine: what is on its disk, what its kernel and engine hold, and its agent, if it runs.
struct Machine {
    struct Disk {
        var memory = AgentMemory()
        var spec: NodeSpec?
        var revision = 0
    }

    struct Work {
        var action: AgentAction
        var begun: Instant
        var ends: Instant
        /// Whether the effect comes before the end, so that a crash in between leaves it done and unrecorded.
        var early: Bool
    }

    /// A look that began, and what was seen then.
    struct Look {
        var start: AgentBrain.LookStart
        var seen: Observation
        /// Managers without which a majority was left then: what died since, no plan can know, and the actuator looks again.
        var dispensable: Set<String>
        var ends: Instant
        var number: Int
        /// Of a glance, what it is at.
        var aspect: Aspect?
    }

    let index: Int
    let id: NodeID
    let name: NodeName
    let address: IPAddress
    var disk = Disk()
    var brain: AgentBrain?
    var work: [Work] = []
    var look: Look?
    /// Beside the look.
    var glances: [Look] = []
    var sight = Sight()
    var up = true

    /// Packages that an operator installed before.
    let found: Set<String>
    var packages: Set<String>
    var held: Set<String> = []
    var daemon: NodeSpec.Docker?
    var sysctls: [String: String] = ["vm.max_map_count": "65530"]
    var table: String? { didSet { if table != oldValue { openPorts = table.map(Self.openPorts) } } }
    /// UDP ports at which the table lets other nodes in; nil without a table, when all are open.
    private var openPorts: Set<UInt16>?
    /// What is loaded at the next start.
    var keptTable: String?
    /// Counts its starts.
    var boot = 1
    var managementConnections = 0
    var exports: String?
    var serverSettings: String?
    var api = Observation.API()
    var folders: Set<String> = []
    var authorities: [String: String] = [:]
    var mounts: [String: String] = [:]
    /// Whether the machine's packets pass through the overlay.
    var overlayPasses = true
    /// Of the agent that runs, and when its next round is due.
    var canary = CanaryBook()
    private var nextRound = Instant(milliseconds: 0)
    var swarm: String?
    var memberID: String?
    var managerOf: String?

    /// For what is sent: the number of the last report that was answered, and when the next one goes.
    var nextReport = Instant(milliseconds: 0)
    /// Nil while a look is under way that nothing has overtaken.
    var nextPass: Instant? = Instant(milliseconds: 0)
    var openedAt = Instant(milliseconds: 0)

    init(index: Int, found: Set<String>) {
        self.index = index
        self.found = found
        packages = found
        id = NodeID(unchecked: "00000000000000" + (index < 16 ? "0" : "") + String(index, radix: 16))
        name = NodeName(unchecked: "n\(index)")
        address = .v4(0x0a4d_0000 + UInt32(10 + index))
    }

    var engineRuns: Bool { up && packages.contains("docker.io") }

    var facts: NodeFacts {
        NodeFacts(
            machineID: "machine\(index)", hostname: name.rawValue,
            addresses: [
                .init(interface: "eth0", address: address, prefix: 24, mtu: 1500),
                .init(interface: "eth1", address: .v4(0x0a00_020f), prefix: 24, mtu: 1500),
            ], routes: [CIDR("10.77.0.0/24"), CIDR("10.0.2.0/24")].compactMap { $0 }, docker: engineRuns ? "20.10.24" : nil)
    }

    /// Whether the table that stands lets other nodes in on that UDP port.
    private func lets(_ port: UInt16) -> Bool { openPorts?.contains(port) ?? true }

    private static func openPorts(_ table: String) -> Set<UInt16> {
        let ports = table.split(separator: "\n").compactMap { line -> UInt16? in
            let words = line.split(separator: " ")
            guard words.count > 5, words[0] == "udp", words[1] == "dport", words[3...5] == ["ip", "saddr", "@cluster4"] else { return nil }
            return UInt16(words[2])
        }
        return Set(ports)
    }

    /// A round of the canary, when one is due: the overlay of a machine in the swarm reaches whoever is up in the same one. In a hiccup the probe itself
    /// fails.
    mutating func tryTraffic(peers: [Machine], hiccup: Bool, now: Instant) {
        if canary.ask(disk.spec?.canary) { nextRound = now }
        guard canary.isWanted, now >= nextRound else { return }
        let passing = Set(peers.filter { $0.engineRuns && $0.swarm != nil && $0.swarm == swarm && $0.overlayPasses }.map(\.end.address))
        var round = CanaryRound(end: swarm == nil || !engineRuns ? .none : hiccup ? .unknown : .at(end))
        if round.end == .none || hiccup {
            round.trouble = hiccup ? "the probe did not end" : "there is no ingress network"
        } else {
            for address in canary.targets {
                let passes = overlayPasses && passing.contains(address)
                round.echoes[address] = .init(small: passes ? 300 : nil, large: passes ? 400 : nil)
            }
        }
        for port in canary.ports { round.ports.updateValue(nil, forKey: port) }
        canary.note(round, at: now)
        nextRound = now.advanced(by: canary.pause)
    }

    private var end: CanaryRound.Sandbox { .init(address: .v4(0x0a00_0002 + UInt32(index)), mtu: 1450) }

    /// Only what the spec that is held now asks for is looked at, and what the memory names.
    func observe(swarms: [String: Swarm], hasQuorum: Bool, peers: [Machine], now: Instant) -> Observation {
        let asked = Set(AgentBrain.packages(for: disk.spec) + disk.memory.held)
        let keys = Set(disk.spec?.sysctls.keys.map { $0 } ?? []).union(disk.memory.originalSysctls.keys)
        let installing = work.contains { if case .installPackages = $0.action { true } else { false } }
        var state = SwarmStatus(state: engineRuns ? .inactive : .absent)
        var view: Seen<ManagerView>?
        if engineRuns, let swarm {
            let manager = managerOf == swarm
            state = SwarmStatus(state: .active, nodeID: memberID, swarmID: manager ? swarm : nil, isManager: manager, address: address)
            if manager, let world = swarms[swarm] {
                view = hasQuorum ? .seen(world.view(now: now, machines: peers)) : .failed("The swarm does not have a leader.")
            }
        }
        var server = Observation.Server(exports: exports, settings: serverSettings, active: exports != nil)
        for export in disk.spec?.shares?.exports ?? [] {
            server.folders[export.path] =
                folders.contains(export.path) ? .init(exists: true, owner: export.owner, mode: export.mode) : .init(exists: false)
            if exports != nil { server.exported.insert(export.path) }
        }
        let points = mounts.mapValues { Observation.MountPoint(unit: $0, source: "server:/share", health: .good) }
        var config = Observation.DaemonConfig.asWanted
        if let wanted = disk.spec?.docker, daemon != wanted { config = .differs(restart: false) }
        var probe: ProbeReport?
        if let request = disk.spec?.probe {
            let paths = request.targets.flatMap { target in
                target.addresses.map { address in
                    let answers = peers.contains {
                        $0.id == target.node && $0.up && $0.address == address && $0.disk.spec?.probe?.round == request.round
                    }
                    // a closed port does not answer, on whichever of the two machines it is closed
                    let open = request.dataPathPorts.filter { port in
                        lets(port) && peers.contains { $0.id == target.node && $0.lets(port) }
                    }
                    return ProbeReport.Path(
                        node: target.node, address: address, tcp: answers, udp: answers, dataPath: answers ? open : [], mtu: 1500)
                }
            }
            probe = ProbeReport(round: request.round, complete: paths.allSatisfy(\.tcp), paths: paths)
        }
        var look = Observation(
            facts: facts,
            packages: .seen(
                .init(installed: packages.intersection(asked), held: held.intersection(asked), running: installing && brain == nil ? "apt" : nil)),
            engine: .seen(engineRuns ? .running(version: "20.10.24", bridges: []) : packages.contains("docker.io") ? .stopped("off") : .absent),
            daemonConfig: .seen(config), sysctls: .seen(sysctls.filter { keys.contains($0.key) }),
            table: .seen(.init(listing: table, managementConnections: managementConnections, kept: keptTable)), server: .seen(server),
            mounts: .seen(points), swarm: .seen(state), manager: view, probe: probe, bootID: "boot \(boot)")
        look.canary = canary.isWanted ? canary.report : nil
        let bound = (disk.spec?.folders ?? []).map { ($0, Observation.BoundFolder(exists: folders.contains($0))) }
        look.boundFolders = .seen(Dictionary(uniqueKeysWithValues: bound))
        look.authorities = .seen(authorities)
        look.api = .seen(api)
        look.facts.apiRequest = api.request
        return look
    }
}
