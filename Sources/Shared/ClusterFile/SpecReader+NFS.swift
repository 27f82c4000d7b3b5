import SkepModel
import SkepYAML

extension SpecReader {
    func nfs(_ node: YAMLNode, kind: ClusterKind?, nodes: [NodeName]) -> ClusterSpec.NFS? {
        guard let section = Section(node, path: "nfs", keys: ["server", "v3", "shares"], findings) else { return nil }
        if kind == .host { findings.add(node, "a host cluster has no shares: its firewall opens no NFS port", fix: "remove 'nfs'") }
        let server = section.required("server", example: "'server: NODE'").flatMap { known($0, nodes, "'nfs.server'") }
        let v3 = section.truth("v3", default: false)
        guard let place = section.required("shares", example: "'shares: {data: {path: /nfs-root}}'"),
            let entries = Section.entries(place, path: "nfs.shares", findings)
        else { return nil }
        if entries.isEmpty { findings.add(place, "'nfs.shares' names no share", fix: "add 'data: {path: /nfs-root}', or remove 'nfs'") }
        var shares: [(share: ClusterSpec.Share, path: YAMLNode, mount: YAMLNode)] = []
        for entry in entries {
            guard let name = name(entry, of: "share", ShareName.self), let next = share(entry, name, server: server, nodes: nodes) else { continue }
            for earlier in shares { refuseOverlap(next, earlier) }
            shares.append(next)
        }
        guard let server else { return nil }
        return ClusterSpec.NFS(server: server, v3: v3, shares: shares.map(\.share))
    }

    /// A node that the file names.
    private func known(_ node: YAMLNode, _ nodes: [NodeName], _ what: String) -> NodeName? {
        guard let text = node.scalar?.text, let name = nodes.first(where: { $0.rawValue == text }) else {
            let words = nodes.map(\.rawValue)
            let near = node.scalar.flatMap { Spelling.nearest($0.text, in: words) }
            findings.add(
                node, "\(what) names the unknown node \(node.scalar.map { "'\($0.text)'" } ?? node.kindInWords)",
                fix: near.map { "did you mean '\($0)'?" } ?? "known are: \(words.joined(separator: ", "))")
            return nil
        }
        return name
    }

    private func share(
        _ entry: YAMLNode.Entry, _ name: ShareName, server: NodeName?, nodes: [NodeName]
    ) -> (share: ClusterSpec.Share, path: YAMLNode, mount: YAMLNode)? {
        let location = "nfs.shares.\(entry.key)"
        let keys = ["path", "mount", "write", "clients", "owner", "mode"]
        guard let section = Section(entry.value, path: location, keys: keys, findings) else { return nil }
        _ = section.word("clients", ["cluster"])
        let owner = section.text("owner").flatMap { self.owner($0, section["owner"]) } ?? "65534:65534"
        let mode = section.text("mode").flatMap { self.mode($0, section["mode"]) } ?? "0750"
        let write = writers(section, location, nodes: nodes) ?? (server.map { [$0] } ?? [])
        guard let pathNode = section.required("path", example: "'path: /nfs-root'"), let path = self.path(pathNode, "'\(location).path'") else {
            if let mount = section["mount"] { _ = self.path(mount, "'\(location).mount'") }
            return nil
        }
        let mountNode = section["mount"] ?? pathNode
        guard let mount = section["mount"] == nil ? path : self.path(mountNode, "'\(location).mount'") else { return nil }
        if mount != path, Rules.overlap(path, mount) {
            findings.add(mountNode, "the mount '\(mount)' overlaps the path '\(path)' of the same share", fix: "use the same path, or one elsewhere")
        }
        return (ClusterSpec.Share(name: name, path: path, mount: mount, write: write, owner: owner, mode: mode), pathNode, mountNode)
    }

    private func writers(_ section: Section, _ path: String, nodes: [NodeName]) -> [NodeName]? {
        guard let items = section.list("write") else { return nil }
        var result: [NodeName] = []
        for item in items {
            guard let name = known(item, nodes, "'\(path).write'") else { continue }
            if result.contains(name) {
                findings.add(item, "the node '\(name)' is given twice", fix: "remove one")
            } else {
                result.append(name)
            }
        }
        return result
    }

    private func path(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = node.scalar?.text else {
            findings.add(node, "\(what) must be a path, not \(node.kindInWords)")
            return nil
        }
        guard let problem = Rules.pathProblem(text) else { return text }
        findings.add(node, "\(what) '\(text)' \(problem.message)", fix: problem.fix)
        return nil
    }

    private func owner(_ text: String, _ node: YAMLNode?) -> String? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let valid = parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt32($0) != nil }
        guard !valid else { return text }
        if let node { findings.add(node, "'\(text)' is no owner", fix: "write \"UID:GID\" in numbers and quotes, such as \"65534:65534\"") }
        return nil
    }

    private func mode(_ text: String, _ node: YAMLNode?) -> String? {
        if (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) { return text.utf8.count == 3 ? "0" + text : text }
        if let node { findings.add(node, "'\(text)' is no mode", fix: "write three or four octal digits in quotes, such as \"0750\"") }
        return nil
    }

    private func refuseOverlap(
        _ next: (share: ClusterSpec.Share, path: YAMLNode, mount: YAMLNode), _ earlier: (share: ClusterSpec.Share, path: YAMLNode, mount: YAMLNode)
    ) {
        func check(_ place: YAMLNode, _ mine: String, _ what: String, _ other: String, _ otherWhat: String) -> Bool {
            guard Rules.overlap(mine, other) else { return false }
            let words = mine == other ? "is also" : "overlaps"
            findings.add(
                place, "the \(what) '\(mine)' of the share '\(next.share.name)' \(words) the \(otherWhat) '\(other)' of '\(earlier.share.name)'",
                fix: "give each share a folder of its own")
            return true
        }
        if check(next.path, next.share.path, "path", earlier.share.path, "path") { return }
        if check(next.mount, next.share.mount, "mount", earlier.share.mount, "mount") { return }
        if check(next.mount, next.share.mount, "mount", earlier.share.path, "path") { return }
        _ = check(next.path, next.share.path, "path", earlier.share.mount, "mount")
    }
}
