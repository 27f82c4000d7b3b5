public import AgentCore
public import SkepModel
internal import SkepSystem

/// The last node spec and the brain's memory, on disk before anything depends on them.
public struct StateStore: Sendable {
    /// What was found at the start, and what was wrong with it.
    public struct Loaded: Sendable {
        public var spec: NodeSpec?
        public var revision = 0
        public var memory = AgentMemory()
        /// Why a file could not be used, in words; nil when all were good.
        public var fault: String?
    }

    private let paths: AgentPaths

    /// A store at `paths`.
    public init(_ paths: AgentPaths) { self.paths = paths }

    /// Reads both; a spec that is cut or altered gives way to the one before it, with the reason.
    public func load() -> Loaded {
        var loaded = Loaded()
        var faults: [String] = []
        do throws(AgentError) {
            if let found = try SealedFile<NodeSpec>(path: paths.spec).read() {
                loaded.spec = found.value
                loaded.revision = found.revision
            }
        } catch {
            // Revision 0: the coordinator sends the newest again.
            loaded.spec = (try? SealedFile<NodeSpec>(path: paths.formerSpec).read())?.value
            faults.append(
                "\(error.message); " + (loaded.spec == nil ? "waiting for the coordinator to send it again" : "the one before it is used until then"))
        }
        do throws(AgentError) {
            loaded.memory = try SealedFile<AgentMemory>(path: paths.memory).read()?.value ?? AgentMemory()
        } catch {
            faults.append("\(error.message); what was found on this machine before Skep is not known any more")
        }
        loaded.fault = faults.isEmpty ? nil : faults.joined(separator: "; ")
        return loaded
    }

    /// Writes a newer spec; the present one, if it is good, is kept as the one before.
    public func save(_ spec: NodeSpec, revision: Int) throws {
        if (try? SealedFile<NodeSpec>(path: paths.spec).read()) != nil {
            try AtomicFile.write(paths.formerSpec, try Files.read(paths.spec, limit: 16 << 20), mode: 0o600)
        }
        try SealedFile<NodeSpec>(path: paths.spec).write(spec, revision: revision)
    }

    /// Writes the memory.
    public func save(_ memory: AgentMemory) throws {
        try SealedFile<AgentMemory>(path: paths.memory).write(memory, revision: 0)
    }

    /// Forgets the spec, so that a later enrolment starts anew; the memory stays.
    public func forgetSpec() throws {
        try Files.remove(paths.spec)
        try Files.remove(paths.formerSpec)
    }
}
