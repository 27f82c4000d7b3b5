import ArgumentParser
import SkepClusterFile
import SkepCompose
import SkepModel

/// `skep stack render`.
struct StackRenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Prints the compose file that the managers would be given.",
        discussion: """
            Variables are replaced, files merged, and what the Docker CLI of the managers would not take is rewritten. With -f and the name of a \
            stack, that stack of the cluster file is shown. Errors and warnings go to standard error.
            """)

    @Argument(help: "A compose file, or with -f a stack's name.") var what: String?
    @OptionGroup var input: StackInput

    func run() throws {
        let cluster = try input.cluster()
        let read: ExaminedStack
        if let what, let cluster, let stack = cluster.spec.stacks.first(where: { $0.name.rawValue == what }) {
            read = try input.read(stack, in: cluster)
        } else {
            read = try input.read((what.map { [$0] } ?? []) + input.composeFiles, in: cluster)
        }
        guard let bundle = read.bundle else {
            throw CommandFailure(read.findings.filter { $0.level == .error }.map(\.diagnostic))
        }
        for finding in read.findings where finding.level == .warning { Output.error(finding.line) }
        Output.raw(bundle.compose)
    }
}
