internal import AgentCore
internal import SkepSystem

/// Authorities of registries, where the engine looks for them at each pull (docs.docker.com/engine/security/certificates): each `.crt` of a registry's
/// folder is one. Ours have a name of their own; what an operator put beside them stays.
@LoopActor struct RegistryActions {
    let layout: HostLayout
    private static let name = "skep.crt"

    func look() throws -> [String: String] {
        guard Files.exists(layout.registries) else { return [:] }
        var found: [String: String] = [:]
        for host in try Files.list(layout.registries) {
            found[host] = try Files.readIfPresent(file(host)).map { String(decoding: $0, as: UTF8.self) }
        }
        return found
    }

    func write(_ wanted: [String: String]) throws {
        for host in try look().keys where wanted[host] == nil {
            try Files.remove(file(host))
            KernelFile.removeEmptyFolder("\(layout.registries)/\(host)")
        }
        for (host, text) in wanted {
            guard !host.isEmpty, !host.contains("/"), !host.hasPrefix(".") else { throw HostFailure("'\(host)' is no registry's host") }
            try Files.makeDirectory("\(layout.registries)/\(host)")
            _ = try AtomicFile.writeIfChanged(file(host), text)
        }
        if wanted.isEmpty { KernelFile.removeEmptyFolder(layout.registries) }
    }

    private func file(_ host: String) -> String { "\(layout.registries)/\(host)/\(Self.name)" }
}
