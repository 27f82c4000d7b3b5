import AgentRuntime
import Glibc
import SkepSystem

var environment: [String: String] = [:]
if let root = getenv("SKEP_AGENT_ROOT") { environment["SKEP_AGENT_ROOT"] = String(cString: root) }
do {
    let arguments = try AgentArguments(Array(CommandLine.arguments.dropFirst()), environment: environment)
    if case .probeShare(let words) = arguments.verb { exit(ShareProbeCommand.run(words)) }
    if case .probeOverlay(let words) = arguments.verb { exit(OverlayProbeCommand.run(words)) }
    Log.configure(identifier: "skep-agent", level: arguments.debug ? .debug : .info)
    LoopActor.runMain { await AgentProgram(arguments).run() }
} catch {
    AgentProgram.complain("\(error)")
    exit(2)
}
