import SkepModel
import SkepWire

/// What passes between the nodes, as a matrix, and a line for each thing that does not.
struct TrafficLines {
    let lines: [String]

    init(_ status: StatusAnswer) {
        guard let traffic = status.traffic, !traffic.isEmpty else {
            lines = ["no node has been asked to try the traffic yet"]
            return
        }
        let targets = Set(traffic.map(\.node) + traffic.flatMap { $0.paths.map(\.to) }).sorted()
        let ports = Set(traffic.flatMap { $0.ports.map(\.port) }).sorted()
        var table = Table(heads: ["FROM"] + targets.map { "→ \($0)" } + ports.map { ":\($0)" } + ["TRIED"])
        var failures: [String] = []
        for row in traffic {
            func cell(_ trial: StatusAnswer.Traffic.Trial?, _ good: String, _ name: String) -> String {
                guard let trial else { return "–" }
                if trial.passes == .false {
                    failures.append("  \(row.node) \(name): \(trial.failure ?? "no answer"); last passed: \(Words.age(trial.passedSecondsAgo))")
                }
                return trial.passes == .true ? good : trial.passes == .false ? "FAILS" : "?"
            }
            let paths = targets.map { name in
                let path = row.paths.first { $0.to == name }
                return cell(path?.trial, Self.times(path), "→ \(name)")
            }
            let answers = ports.map { port in cell(row.ports.first { $0.port == port }?.trial, "ok", ":\(port)") }
            if let trouble = row.trouble { failures.append("  \(row.node): \(trouble)") }
            table.add(cells: [row.node.rawValue] + paths + answers + [Words.age(row.triedSecondsAgo)])
        }
        lines = table.lines + failures
    }

    /// Milliseconds there and back, of a small packet and of one as large as the network's MTU.
    private static func times(_ path: StatusAnswer.Traffic.Path?) -> String {
        guard let small = path?.smallMilliseconds, let large = path?.largeMilliseconds else { return "ok" }
        func words(_ value: Double) -> String {
            let tenths = Int((max(0, min(value, 1e9)) * 10).rounded())
            return "\(tenths / 10).\(tenths % 10)"
        }
        return "\(words(small))/\(words(large)) ms"
    }
}
