import CoordinatorCore
import SkepModel

/// What stays as it was made as long as the cluster stands. Agents would pass over a change of it in silence, so it is refused in words.
struct Unchangeable {
    let decisions: ClusterRecord.Decisions?
    /// The networks that are there, as they were asked for.
    let networks: [ClusterSpec.Network]

    /// Refuses what asks for something else than there is. What the file before has said already is not asked for anew.
    func check(_ new: ClusterSpec, after old: ClusterSpec) throws {
        var words = decided(new.docker, old.docker)
        if !words.isEmpty {
            words.append(
                "what the swarm was made with stays: write that, or auto, or take the cluster down (skep cluster down) and apply this file then")
        }
        let made = new.networks.flatMap { changes(of: $0) }
        if !made.isEmpty {
            words += made
            words.append(
                "a network stays as it was made: take it out of the file with the stacks that use it, apply, wait until it is gone, and add it again")
        }
        guard words.isEmpty else { throw Refusal(.conflict, "CannotBeChanged", words.joined(separator: "; ")) }
    }

    private func decided(_ new: ClusterSpec.Docker, _ old: ClusterSpec.Docker) -> [String] {
        guard let decisions else { return [] }
        return [
            Self.words("address-pool", new.addressPool, old.addressPool, decisions.addressPool),
            Self.words("data-path-port", new.dataPathPort, old.dataPathPort, decisions.dataPathPort),
            Self.words("mtu", new.mtu, old.mtu, decisions.mtu),
        ].compactMap(\.self)
    }

    private static func words<Value: CustomStringConvertible>(
        _ key: String, _ new: ClusterSpec.Auto<Value>, _ old: ClusterSpec.Auto<Value>, _ decided: Value
    ) -> String? {
        guard case .fixed(let value) = new, new != old, value != decided else { return nil }
        return "docker.\(key) is \(decided), not \(value)"
    }

    private func changes(of new: ClusterSpec.Network) -> [String] {
        guard let old = networks.first(where: { $0.name == new.name }) else { return [] }
        let path = "networks.\(new.name)"
        var words: [String] = []
        if old.attachable != new.attachable { words.append("\(path).attachable is \(old.attachable)") }
        if old.encrypted != new.encrypted { words.append("\(path).encrypted is \(old.encrypted)") }
        if old.subnet != new.subnet { words.append("\(path).subnet is \(old.subnet?.description ?? "from the pool")") }
        return words
    }
}
