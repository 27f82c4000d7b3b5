import SkepModel
import SkepYAML

/// What is published, and who may reach it.
extension Examination {
    func ports(_ service: Service) {
        // a range is one entry of the file and many ports, and gets one word
        var said: Set<String> = []
        for item in service.node["ports"]?.list ?? [] {
            guard let publication = StackBundle.Publication(item, of: service, in: subject), said.insert("\(item.line):\(item.column)").inserted
            else {
                continue
            }
            reach(publication, item, service)
            if !publication.host, [80, 443].contains(publication.port.first), isProxy(service) {
                remarks.note(
                    .clientAddress, item, "behind the ingress mesh '\(service.name)' sees no client's address",
                    fix: "publish it with 'mode: host'")
            }
        }
    }

    /// Ports that two services, or two entries of one, want.
    func portsTwice() {
        struct Place: Hashable {
            let port: UInt16
            let transport: Transport
        }
        var taken: [Place: [StackBundle.Publication]] = [:]
        for entry in document.entries("services") {
            remarks.service = entry.key
            defer { remarks.service = nil }
            for item in entry.value["ports"]?.list ?? [] {
                guard let publication = StackBundle.Publication(item, of: Service(entry: entry), in: subject) else { continue }
                let place = Place(port: publication.port.first, transport: publication.transport)
                let other = taken[place]?.first { $0.service == entry.key || $0.conflicts(with: publication, in: subject.spec) }
                if let other {
                    let port = "\(publication.port)/\(publication.transport.rawValue)"
                    let onMachines = other.host && publication.host && other.service != entry.key
                    remarks.error(
                        .portTaken, item,
                        "the port \(port) is published by '\(other.service)' already\(onMachines ? ", on the machines that '\(entry.key)' may run on" : "")",
                        fix: onMachines ? "publish another port, or constrain the two to different nodes" : "publish another port")
                } else {
                    taken[place, default: []].append(publication)
                }
            }
        }
    }

    private func reach(_ publication: StackBundle.Publication, _ item: YAMLNode, _ service: Service) {
        let port = "\(publication.port)/\(publication.transport.rawValue)"
        let isSensitive = publication.transport == .tcp && Self.sensitive.contains(publication.port.first)
        guard let spec = subject.spec else {
            guard isSensitive else { return }
            return remarks.warn(
                .portOpen, item, "the port \(port) of '\(service.name)' is open on every node to everybody who reaches it, whatever ufw says",
                fix: "do not publish it: services reach each other by name on their networks")
        }
        if StandardPorts.areOpen(publication, spec.kind) { return }
        let openings = (subject.expose + spec.allow).filter {
            $0.transports.contains(publication.transport) && $0.ports.first <= publication.port.first && publication.port.last <= $0.ports.last
        }
        if openings.isEmpty {
            remarks.warn(
                .portClosed, item,
                "the port \(port) of '\(service.name)' is published and stays closed: nothing opens it",
                fix: "add 'expose: {\(publication.port): [users]}' to the stack, or do not publish it")
        }
    }

    private func isProxy(_ service: Service) -> Bool { ["traefik", "nginx", "caddy", "haproxy", "envoy"].contains(service.image?.base ?? "") }

    /// Databases, brokers and administration, which are for other services of the swarm.
    private static let sensitive: Set<UInt16> = [
        389, 1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 4369, 5432, 5672, 5984, 6379, 8086, 9042, 9092, 9200, 9300, 11211, 15672, 27017,
    ]
}

/// Ports that the tables of the firewall open by themselves (design: firewall tables).
enum StandardPorts {
    static func areOpen(_ publication: StackBundle.Publication, _ kind: ClusterKind) -> Bool {
        guard publication.transport == .tcp else { return false }
        let ports = publication.port
        return ports.isSingle && [80, 443, 8080].contains(ports.first) || kind == .target && ports.first >= 30000 && ports.last <= 32767
    }
}

extension StackBundle.Publication {
    /// An entry of `ports` in the long form; nil for one that is published at a port of the swarm's choice, or by a transport without tables.
    init?(_ node: YAMLNode, of service: Examination.Service, in subject: StackSubject) {
        guard let text = node.text("published"), let number = Int(text), let port = PortRange(number),
            let transport = Transport(rawValue: node.text("protocol") ?? "tcp")
        else { return nil }
        self.init(service: service.name, port: port, transport: transport, host: node.text("mode") == "host")
        guard host else { return }
        let constraints = subject.constraints(of: service.node)
        if !constraints.isEmpty { self.constraints = constraints }
        if !service.isGlobal { tasks = service.replicas }
    }

    /// Whether the two cannot be had together: on the mesh a port is taken everywhere, on a machine only there, and then it depends on whether there are
    /// machines enough for both. Without a cluster (`spec` is nil) only what is the same everywhere is known.
    func conflicts(with other: Self, in spec: ClusterSpec?) -> Bool {
        guard transport == other.transport, port.overlaps(other.port) else { return false }
        guard host, other.host else { return true }
        guard let spec, let mine = spec.eligible(constraints ?? []), let theirs = spec.eligible(other.constraints ?? []) else {
            return tasks == nil && other.tasks == nil && constraints == other.constraints
        }
        let machines = Set(mine.map(\.name)).union(theirs.map(\.name)).count
        // more tasks than machines is another finding
        return machines < min(tasks ?? mine.count, mine.count) + min(other.tasks ?? theirs.count, theirs.count)
    }
}
