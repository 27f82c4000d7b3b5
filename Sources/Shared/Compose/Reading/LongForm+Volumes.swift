import SkepYAML

extension LongForm {
    /// One entry of `volumes` in the long form; nil when it is none.
    ///
    /// The short one is `[SOURCE:]TARGET[:OPTIONS]`: a source that begins as a path is bound, another is a volume's name (docker/cli,
    /// cli/compose/loader/volume.go).
    func mount(_ node: YAMLNode) -> YAMLNode? {
        guard let text = node.scalar?.text else { return long(node) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            remarks.error(.shape, node, "'\(text)' is no volume", fix: "write SOURCE:TARGET, or SOURCE:TARGET:ro")
            return nil
        }
        var result = node.with(.map([]))
        let target = parts.count == 1 ? parts[0] : parts[1]
        let source = parts.count == 1 ? nil : parts[0]
        let isBind = source.map { [".", "/", "~"].contains($0.first) } ?? false
        result["type"] = node.with(text: isBind ? "bind" : "volume")
        result["source"] = source.map { node.with(text: $0) }
        result["target"] = node.with(text: target)
        for option in parts.count == 3 ? parts[2].split(separator: ",").map(String.init) : [] {
            switch option {
            case "ro": result["read_only"] = node.with(.scalar(.init("true", .truth)))
            case "rw", "z", "Z", "cached", "delegated", "consistent", "default": continue
            case "nocopy": result["volume"] = .map([("nocopy", node.with(.scalar(.init("true", .truth))))])
            case "private", "rprivate", "shared", "rshared", "slave", "rslave":
                result["bind"] = .map([("propagation", node.with(text: option))])
            default: remarks.error(.shape, node, "'\(option)' is no option of the volume '\(text)'", fix: "known are ro, rw, nocopy, rshared, rslave")
            }
        }
        return checked(result, node)
    }

    private func long(_ node: YAMLNode) -> YAMLNode? {
        var result = node
        // 'bind: {create_host_path: true}' alone leaves nothing behind
        for key in ["bind", "volume", "tmpfs"] where node[key]?.map?.isEmpty == true { result[key] = nil }
        if node["type"] == nil { result["type"] = node.with(text: "volume") }
        let type = result["type"]?.scalar?.text ?? ""
        guard ["bind", "volume", "tmpfs", "npipe"].contains(type) else {
            remarks.error(.shape, node["type"] ?? node, "'\(type)' is no type of a mount", fix: "write bind, volume or tmpfs")
            return nil
        }
        if type == "bind", node["source"] == nil { remarks.error(.shape, node, "a bind has no 'source'", fix: "add the path on the node") }
        return checked(result, node)
    }

    private func checked(_ mount: YAMLNode, _ place: YAMLNode) -> YAMLNode? {
        guard let target = mount["target"]?.scalar?.text, target.hasPrefix("/") else {
            remarks.error(
                .shape, place, "the volume's target '\(mount["target"]?.scalar?.text ?? "")' is no path in the container", fix: "begin it with '/'")
            return nil
        }
        return mount
    }
}
