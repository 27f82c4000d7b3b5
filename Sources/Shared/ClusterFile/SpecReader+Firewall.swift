import SkepModel
import SkepYAML

/// Ports that are not to be had: the cluster's own, and what something in the file opens already; shared by `firewall.allow` and every `expose`.
final class TakenPorts {
    /// Ports that the cluster's own tables decide.
    let governed: [SpecReader.GovernedPort]
    /// Ports on which the overlay networks run, or may.
    let dataPath: [UInt16]
    private var openings: [(ports: PortRange, transport: Transport, owner: String)] = []

    init(governed: [SpecReader.GovernedPort], dataPath: [UInt16]) {
        self.governed = governed
        self.dataPath = dataPath
    }

    /// Who has opened one of the ports already; otherwise they are the caller's now.
    func take(_ ports: PortRange, _ transports: [Transport], owner: String) -> String? {
        for transport in transports {
            if let other = openings.first(where: { $0.transport == transport && $0.ports.overlaps(ports) }) { return other.owner }
        }
        for transport in transports { openings.append((ports, transport, owner)) }
        return nil
    }
}

extension SpecReader {
    typealias GovernedPort = (port: UInt16, service: String)

    /// Ports that the cluster's own tables decide, TCP and UDP alike: what is for the nodes alone is closed to all others by its number.
    static func governed(_ nfs: ClusterSpec.NFS?) -> [GovernedPort] {
        let always: [GovernedPort] = [
            (22, "ssh"), (80, "http"), (443, "https"), (2049, "NFS"), (2375, "Docker's API"), (2376, "Docker's API"), (2377, "the swarm"),
            (dockersDataPathPort, "the swarm"), (7443, "the coordinator"), (7444, "the coordinator"), (7946, "the swarm"),
            (8080, "Traefik's dashboard"),
        ]
        let version3: [UInt16] = nfs?.v3 == true ? [111, 33333, 33334, 33336] : []
        return always + version3.map { (port: $0, service: "NFS version 3") }
    }

    /// Docker's own choice of the data path's port.
    static let dockersDataPathPort: UInt16 = 4789

    /// Ports besides Docker's own on which the overlay networks run, or on which the coordinator may let them run (CoordinatorCore, `dataPathPorts`).
    static func dataPathPorts(_ docker: ClusterSpec.Docker) -> [UInt16] {
        switch docker.dataPathPort {
        case .auto: [7789, 8789]
        case .fixed(let port): [port]
        }
    }

    func firewall(_ node: YAMLNode, taken: TakenPorts) -> [ClusterSpec.Opening] {
        guard let section = Section(node, path: "firewall", keys: ["allow"], findings), let allow = section["allow"] else { return [] }
        return openings(allow, path: "firewall.allow", owner: "'firewall.allow'", taken: taken)
    }

    /// `9100: [management]`, `9000-9010: [users]`, `5000/udp: [cluster]`, `5000/tcp+udp: [users]`.
    func openings(_ node: YAMLNode, path: String, owner: String, taken: TakenPorts) -> [ClusterSpec.Opening] {
        guard let entries = Section.entries(node, path: path, findings) else { return [] }
        var result: [ClusterSpec.Opening] = []
        for entry in entries {
            let audiences = audienceList(entry.value, path: "\(path).\(entry.key)")
            guard let (ports, transports) = ports(entry) else { continue }
            if let own = taken.governed.first(where: { ports.contains($0.port) }) {
                findings.add(
                    entry, "port \(own.port) belongs to \(own.service) and is decided by the cluster's kind",
                    fix: "put the addresses into the audience that may come to it")
                continue
            }
            if let port = taken.dataPath.first(where: ports.contains) {
                findings.add(
                    entry, "port \(port) is kept for the swarm's data path", fix: "open another port, or choose another 'docker.data-path-port'")
                continue
            }
            if let other = taken.take(ports, transports, owner: owner) {
                findings.add(entry, "port \(ports) is opened twice: \(other) opens it too", fix: "keep one of the two")
                continue
            }
            result.append(ClusterSpec.Opening(ports: ports, transports: transports, audiences: audiences))
        }
        return result
    }

    private func ports(_ entry: YAMLNode.Entry) -> (PortRange, [Transport])? {
        let halves = entry.key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var transports: [Transport] = [.tcp]
        if halves.count == 2 {
            let words = halves[1].split(separator: "+", omittingEmptySubsequences: false).map { Transport(rawValue: String($0)) }
            transports = words.compactMap(\.self)
            guard transports.count == words.count, Set(transports).count == words.count else {
                findings.add(entry, "'\(halves[1])' is no transport", fix: "write /tcp, /udp or /tcp+udp; tcp is meant when there is none")
                return nil
            }
        }
        let numbers = halves[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { text in
            text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
        }
        guard let first = numbers.first.flatMap(\.self), let last = numbers.last.flatMap(\.self) else {
            findings.add(entry, "'\(entry.key)' is no port", fix: "write a number such as 9100, a range such as 9000-9010, or 9100/udp")
            return nil
        }
        guard let range = PortRange(first, last) else {
            let words = first > last && (1...65535).contains(first) && (1...65535).contains(last) ? "runs backwards" : "is out of range"
            findings.add(
                entry, "the port \(halves[0]) \(words)", fix: words == "runs backwards" ? "write \(last)-\(first)" : "ports go from 1 to 65535")
            return nil
        }
        return (range, transports)
    }
}
