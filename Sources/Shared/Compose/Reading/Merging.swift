import SkepYAML

/// Puts one compose file over another, both in the long form, as `docker stack deploy -c A -c B` does (docker/cli, cli/compose/loader/merge.go):
/// mappings key by key, commands and checks as a whole, ports, volumes, configs and secrets by what they are known by, other lists one after the other, and the rest replaced.
enum Merging {
    static func merge(_ base: YAMLNode, _ over: YAMLNode) -> YAMLNode {
        var result = base
        for entry in over.map ?? [] {
            guard let old = base[entry.key] else {
                result.append(entry)
                continue
            }
            result[entry.key] = entry.key == "services" ? keyed(old, entry.value, service) : keyed(old, entry.value) { $1 }
        }
        return result
    }

    /// Two mappings, with what both have made one by `both`.
    private static func keyed(_ base: YAMLNode, _ over: YAMLNode, _ both: (YAMLNode, YAMLNode) -> YAMLNode) -> YAMLNode {
        var result = base
        for entry in over.map ?? [] {
            if let old = base[entry.key] { result[entry.key] = both(old, entry.value) } else { result.append(entry) }
        }
        return result
    }

    private static func service(_ base: YAMLNode, _ over: YAMLNode) -> YAMLNode {
        var result = base
        for entry in over.map ?? [] {
            guard let old = base[entry.key] else {
                result.append(entry)
                continue
            }
            result[entry.key] =
                switch entry.key {
                case "command", "entrypoint": entry.value
                case "ports": listed(old, entry.value) { "\($0["published"]?.scalar?.text ?? "")/\($0["protocol"]?.scalar?.text ?? "")" }
                case "volumes": listed(old, entry.value) { $0["target"]?.scalar?.text ?? "" }
                case "configs", "secrets": listed(old, entry.value) { $0["source"]?.scalar?.text ?? "" }
                case "healthcheck": health(old, entry.value)
                case "networks": keyed(old, entry.value) { $1 }
                case "logging" where differ(old, entry.value, "driver"): entry.value
                default: deep(old, entry.value)
                }
        }
        return result
    }

    /// A check is one command: Docker's reader puts the second one's words behind the first one's, which then ask for neither.
    private static func health(_ base: YAMLNode, _ over: YAMLNode) -> YAMLNode {
        var base = base
        if over["test"] != nil { base["test"] = nil }
        return deep(base, over)
    }

    private static func differ(_ one: YAMLNode, _ other: YAMLNode, _ key: String) -> Bool {
        guard let a = one[key]?.scalar, let b = other[key]?.scalar else { return false }
        return a.text != b.text
    }

    private static func deep(_ base: YAMLNode, _ over: YAMLNode) -> YAMLNode {
        if base.map != nil, over.map != nil { return keyed(base, over, deep) }
        if let old = base.list, let new = over.list {
            return over.with(.list(old + new.filter { item in !old.contains { $0.content == item.content } }))
        }
        return over
    }

    private static func listed(_ base: YAMLNode, _ over: YAMLNode, by key: (YAMLNode) -> String) -> YAMLNode {
        var items = base.list ?? []
        for item in over.list ?? [] {
            if let index = items.firstIndex(where: { key($0) == key(item) }) { items[index] = item } else { items.append(item) }
        }
        return over.with(.list(items))
    }
}
