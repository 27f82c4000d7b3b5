import SkepYAML

/// What people write for Compose and Docker's stack deployment would refuse, in the words that it takes.
struct Rewriting {
    let name: String
    let remarks: Remarks

    func service(_ node: YAMLNode) -> YAMLNode {
        var result = node
        if let place = node["build"] {
            if node["image"] == nil {
                remarks.error(
                    .noImage, place, "the service '\(name)' is built, and a swarm builds nothing",
                    fix: "push the image to a registry and name it with 'image:'")
            } else {
                remarks.warn(.ignoredKey, place, "a swarm takes no notice of 'build'", fix: "remove it; the image must be in a registry")
            }
            result["build"] = nil
        }
        if node["depends_on"] != nil {
            remarks.warn(
                .ignoredKey, node["depends_on"] ?? node, "a swarm takes no notice of 'depends_on'", fix: "services must bear each other's absence")
        }
        if let place = node["privileged"] {
            if place.scalar?.text == "true" { remarks.warn(.ignoredKey, place, "a swarm takes no notice of 'privileged'", fix: "use cap_add") }
            result["privileged"] = nil
        }
        move("mem_limit", to: ["resources", "limits", "memory"], &result)
        move("mem_reservation", to: ["resources", "reservations", "memory"], &result)
        move("cpus", to: ["resources", "limits", "cpus"], &result)
        move("pids_limit", to: ["resources", "limits", "pids"], &result)
        move("scale", to: ["replicas"], &result)
        return result
    }

    private func move(_ key: String, to path: [String], _ node: inout YAMLNode) {
        guard let value = node[key] else { return }
        node[key] = nil
        remarks.note(.rewritten, value, "'\(key)' of '\(name)' becomes deploy.\(path.joined(separator: "."))")
        node["deploy"] = Self.set(value, at: path[...], in: node["deploy"] ?? .map([]))
    }

    private static func set(_ value: YAMLNode, at path: ArraySlice<String>, in node: YAMLNode) -> YAMLNode {
        guard let key = path.first else { return node.map?.isEmpty == true ? value : node }
        var result = node
        result[key] = set(value, at: path.dropFirst(), in: node[key] ?? .map([]))
        return result
    }
}
