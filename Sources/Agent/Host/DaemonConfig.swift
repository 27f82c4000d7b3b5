internal import SkepModel

/// The engine's daemon.json: what is in it, and how our keys are merged into it.
struct DaemonConfig: Equatable, Sendable {
    /// Why a file cannot be used, in an operator's words.
    struct Problem: Error, Equatable {
        var message: String
    }

    /// What was put into the file, and so may be taken out again.
    struct Added: Codable, Equatable, Sendable {
        var mirrors: [String] = []
        var insecure: [String] = []
        var mtu: Int?
        /// The operator's own `mtu`, which ours stands in for.
        var formerMTU: Int?
    }

    /// A merged text, what of it is ours, and whether the engine must start anew to read it.
    struct Merged: Equatable, Sendable {
        var text: String
        var added: Added
        var isChanged: Bool
        var needsRestart: Bool
    }

    private static let mirrorsKey = "registry-mirrors"
    private static let insecureKey = "insecure-registries"
    private static let mtuKey = "mtu"

    private(set) var root: JSONText

    /// Reads the file's text; nil or blank stands for no settings at all.
    init(_ text: String?) throws(Problem) {
        guard let text, text.contains(where: { !$0.isWhitespace }) else {
            root = .object([])
            return
        }
        do {
            root = try JSONText(text)
        } catch {
            throw Problem(message: "line \(error.line), column \(error.column): \(error.what)")
        }
        try check()
    }

    /// The MTU of docker0, which the engine reads only when it starts.
    var mtu: Int? { root[Self.mtuKey]?.intValue }

    /// Where the engine keeps its data, when the file says so.
    var dataRoot: String? { root["data-root"]?.stringValue }

    /// Merges the wanted keys: what the operator wrote stays, what an earlier merge added and is no longer wanted goes.
    func merged(_ wanted: NodeSpec.Docker, added before: Added) -> Merged {
        var result = self
        var added = Added()
        added.mirrors = result.setList(Self.mirrorsKey, wanted.mirrors, added: before.mirrors)
        added.insecure = result.setList(Self.insecureKey, wanted.insecure, added: before.insecure)
        let current = mtu
        let own = before.mtu != nil && current == before.mtu ? before.formerMTU : current
        if let mtu = wanted.mtu, mtu != own {
            added.mtu = mtu
            added.formerMTU = own
            result.root[Self.mtuKey] = .scalar(String(mtu))
        } else {
            result.root[Self.mtuKey] = own.map { .scalar(String($0)) }
        }
        return Merged(
            text: result.root.printed, added: added, isChanged: result.root != root,
            needsRestart: result.mtu != current)
    }

    /// The operator's entries, then ours; answers with those that were not the operator's.
    private mutating func setList(_ key: String, _ wanted: [String], added before: [String]) -> [String] {
        let own = list(key).filter { !before.contains($0) }
        let ours = wanted.filter { !own.contains($0) }
        let all = own + ours
        guard all != list(key) else { return ours }
        root[key] = all.isEmpty ? nil : .array(all.map(JSONText.string))
        return ours
    }

    private func list(_ key: String) -> [String] {
        guard case .array(let items)? = root[key] else { return [] }
        return items.compactMap(\.stringValue)
    }

    /// Types of the keys that matter here, and settings with which a swarm cannot work.
    private func check() throws(Problem) {
        guard case .object = root else { throw Problem(message: "the file must hold one object in braces") }
        for key in [Self.mirrorsKey, Self.insecureKey] {
            guard let value = root[key] else { continue }
            guard case .array(let items) = value, items.allSatisfy({ $0.stringValue != nil }) else {
                throw Problem(message: "\"\(key)\" must be a list of texts")
            }
        }
        if let mtu = root[Self.mtuKey], mtu.intValue == nil { throw Problem(message: "\"mtu\" must be a whole number") }
        for key in ["live-restore", "iptables", "ip6tables", "userland-proxy", "ip-forward", "experimental", "debug"] {
            if let value = root[key], value.boolValue == nil { throw Problem(message: "\"\(key)\" must be true or false") }
        }
        if root["live-restore"]?.boolValue == true {
            throw Problem(message: "\"live-restore\": true does not work with a swarm (the engine refuses to start); remove it")
        }
        if root["iptables"]?.boolValue == false {
            throw Problem(message: "\"iptables\": false keeps the engine from publishing ports, which a swarm needs; remove it")
        }
        if root["firewall-backend"]?.stringValue == "nftables" {
            throw Problem(message: "\"firewall-backend\": \"nftables\" cannot do swarm's ingress network; remove it")
        }
    }
}
