import CoordinatorStore
import SkepModel
import SkepWire

extension SpecAnswer {
    /// What stands in the place of a variable's value.
    static let hidden = "(hidden)"
    /// What stands in the place of the file's text; no cluster file, so that nobody applies it.
    static let withheld = "# The text of the file is for operators and admins: it may hold passwords.\n"

    /// A generation as the caller may see it: the variables of stacks may be passwords, and stand in the file's text too.
    init(_ generation: StoredGeneration, for caller: Caller.Kind) {
        var spec = generation.spec
        var file = generation.file
        switch caller {
        case .operator, .admin: break
        case .anonymous, .node, .viewer:
            for index in spec.stacks.indices { spec.stacks[index].environment = spec.stacks[index].environment.mapValues { _ in Self.hidden } }
            file = Self.withheld
        }
        self.init(
            cluster: spec.name, generation: generation.number, fileName: generation.fileName, file: file, actor: generation.actor,
            at: generation.at, spec: spec)
    }
}
