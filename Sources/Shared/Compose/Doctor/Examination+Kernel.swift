import SkepModel
import SkepYAML

/// What programs want of the kernel, and say only when they die.
extension Examination {
    func kernel(_ service: Service) {
        guard let base = service.image?.base, ["elasticsearch", "opensearch", "elasticsearch-oss"].contains(base) else { return }
        let settings = Dictionary(
            service.environment.map { ($0.key, $0.value.scalar?.text ?? "") }
                + service.words.compactMap { word in
                    guard let text = word.scalar?.text, text.hasPrefix("-E"), let sign = text.firstIndex(of: "=") else { return nil }
                    return (String(text[text.index(text.startIndex, offsetBy: 2)..<sign]), String(text[text.index(after: sign)...]))
                }, uniquingKeysWith: { $1 })
        if settings["bootstrap.memory_lock"] == "true", !locksMemory(service) {
            remarks.error(
                .memoryLock, service.node["ulimits"] ?? service.entry.value,
                "'\(service.name)' wants to lock its memory and may not: it ends at its own checks",
                fix: "add 'ulimits: {memlock: {soft: -1, hard: -1}}'")
        }
        guard settings["discovery.type"] != "single-node", settings["node.store.allow_mmap"] != "false" else { return }
        let words = "'\(service.name)' wants vm.max_map_count of 262144 or more on its nodes"
        guard let spec = subject.spec else {
            return remarks.note(.mapCount, service.entry, words, fix: "set it on the nodes that may run it")
        }
        for node in candidates(service, spec) ?? [] {
            guard (node.sysctls["vm.max_map_count"].flatMap(Int.init) ?? 0) < 262_144 else { continue }
            return remarks.warn(
                .mapCount, service.entry, "\(words), and '\(node.name)' is not set so",
                fix: "add 'sysctls: {vm.max_map_count: 262144}' to the node, or constrain the service to others")
        }
    }

    private func locksMemory(_ service: Service) -> Bool {
        guard let limit = service.node["ulimits"]?["memlock"] else { return false }
        return limit.scalar?.text == "-1" || limit.text("soft") == "-1" && limit.text("hard") == "-1"
    }
}
