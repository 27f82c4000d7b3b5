import SkepModel
import SkepYAML

/// Names: those that Docker would refuse, and those that nothing defines.
extension Examination {
    func names() {
        let secrets = document.entries("secrets")
        for entry in document.entries("configs") {
            guard let place = entry.value["x-generate"], secrets.contains(where: { $0.key == entry.key && $0.value["x-generate"] != nil }) else {
                continue
            }
            remarks.error(.name, place, "a config and a secret that Skep makes are both called '\(entry.key)'", fix: "give one another name")
        }
        for entry in document.entries("services") { refuse("\(subject.name)_\(entry.key)", of: "service", at: entry, ServiceName.self) }
        for entry in document.entries("networks") where !entry.value.isExternal {
            refuse(entry.fullName(in: subject.name.rawValue), of: "network", at: entry, NetworkName.self)
        }
        for entry in document.entries("volumes") {
            let full = entry.fullName(in: subject.name.rawValue)
            // a Go template, such as `data-{{.Task.Slot}}`, becomes a name on each node
            if !full.contains("{{") { refuse(full, of: "volume", at: entry, VolumeName.self) }
        }
    }

    private func refuse<Name: ValidatedName>(_ text: String, of what: String, at entry: YAMLNode.Entry, _: Name.Type) {
        if Name(rawValue: text) == nil { remarks.error(.name, entry, "'\(text)' cannot be the name of a \(what)", fix: Name.rule) }
    }

    func references() {
        for entry in document.entries("services") {
            remarks.service = entry.key
            defer { remarks.service = nil }
            for network in entry.value["networks"]?.map ?? [] { undefined(network.key, "network", "networks", network, entry.key, also: ["default"]) }
            for kind in ["configs", "secrets"] {
                for item in entry.value[kind]?.list ?? [] {
                    undefined(item.text("source") ?? "", String(kind.dropLast()), kind, item, entry.key)
                }
            }
            for mount in entry.value["volumes"]?.list ?? [] where mount.text("type") == "volume" {
                if let source = mount.text("source") { undefined(source, "volume", "volumes", mount, entry.key) }
            }
            let needed = entry.value["depends_on"]
            for item in needed?.list ?? [] { dependency(item.scalar?.text ?? "", item, entry.key) }
            for item in needed?.map ?? [] { dependency(item.key, item, entry.key) }
        }
    }

    private func undefined(_ name: String, _ what: String, _ section: String, _ place: some Placed, _ service: String, also: [String] = []) {
        guard !document.names(section).contains(name), !also.contains(name) else { return }
        remarks.error(
            .undefined, place, "the service '\(service)' names the \(what) '\(name)', which nothing defines",
            fix: "define it under '\(section):' at the top level")
    }

    private func dependency(_ name: String, _ place: some Placed, _ service: String) {
        guard !document.names("services").contains(name) else { return }
        remarks.error(
            .undefined, place, "'depends_on' of '\(service)' names the service '\(name)', which nothing defines", fix: "define it or remove it")
    }

    func networks() {
        for entry in document.entries("networks") {
            let name = entry.fullName(in: subject.name.rawValue)
            guard entry.value.isExternal else {
                if entry.value.text("driver") == "bridge" {
                    remarks.error(
                        .shape, entry.value["driver"] ?? entry.value,
                        "the network '\(entry.key)' is a bridge, and services of a swarm need an overlay",
                        fix: "remove 'driver:'")
                }
                continue
            }
            if Self.builtIn.contains(name) { continue }
            guard let spec = subject.spec else {
                remarks.note(
                    .networkMissing, entry, "the network '\(name)' is external: it must be there before",
                    fix: "name it under 'networks' of the cluster file")
                continue
            }
            guard !spec.networks.contains(where: { $0.name.rawValue == name }) else { continue }
            remarks.error(
                .networkMissing, entry, "the network '\(name)' is external, and nothing makes it",
                fix: "add '\(name): {}' to 'networks' of the cluster file")
        }
    }

    /// Networks that every engine has.
    static let builtIn: Set<String> = ["host", "bridge", "none", "ingress"]
}
