internal import AgentCore
internal import Glibc
internal import SkepModel
internal import SkepSystem

/// Breaks the machine on purpose.
@LoopActor struct DrillActions {
    let state: HostState
    private var layout: HostLayout { state.layout }

    private static let unit = "skep-drill"

    init(_ state: HostState) { self.state = state }

    func perform(_ drill: Drill, _ target: DrillTarget) async throws {
        guard let name = drill.known else { throw HostFailure("there is no drill \(drill.name)") }
        try Files.remove(layout.drillStamp)
        let script = DrillScript(
            drill: drill, name: name, target: target, stamp: layout.drillStamp, dataFolder: layout.dockerData, daemonConfig: layout.daemonConfig,
            agent: getpid(), hasSystemd: layout.hasSystemd
        ).text
        let shell = Program("/bin/sh")
        guard layout.hasSystemd else {
            try await run(shell.command(["-c", script], deadline: .seconds(120))).orFail("the drill \(name.rawValue)")
            return
        }
        try await Systemd(layout: layout).runOutside(Self.unit, shell, ["-c", script], deadline: .seconds(120))
    }

    /// When the machine was broken by that drill, in milliseconds of the clock that nobody sets; nil when it was not yet.
    static func broken(_ id: String, _ layout: HostLayout) -> Int64? {
        guard let text = try? Files.readText(layout.drillStamp, limit: 4096) else { return nil }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, words[0] == id, let seconds = Double(words[1]), (0..<1e12).contains(seconds) else { return nil }
        return Int64(seconds * 1000)
    }
}
