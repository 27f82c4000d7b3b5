import SkepModel
import SkepWire

/// What passes between the members, as a matrix: a row for each node that tries, columns for the nodes and published ports that it tries.
struct TrafficView: View {
    struct Cell: View {
        let label: String
        /// False where there is nothing to try.
        let anyTrial: Bool
        let mark: Mark
        let note: String?
    }

    struct Row: View {
        let name: String
        let cells: [Cell]
        let trouble: String?
        let stale: Bool
        let age: Age?
    }

    /// A column's heading.
    struct Head: View {
        let title: String
    }

    /// In a cluster of more nodes only those rows are shown that have something to say.
    static let widest = 16

    let summary: String
    let heads: [Head]
    let rows: [Row]
    let anyRow: Bool

    init?(_ status: StatusAnswer) {
        guard let traffic = status.traffic, !traffic.isEmpty else { return nil }
        let heard = Set(status.nodes.filter { $0.liveness == "live" || $0.liveness == "suspect" }.map(\.name))
        let paths = traffic.flatMap(\.paths)
        let ports = traffic.flatMap(\.ports)
        func words(_ trials: [StatusAnswer.Traffic.Trial], _ what: String) -> String {
            "\(trials.count { $0.passes == .true }) of \(trials.count) \(what)"
        }
        summary = "\(words(paths.map(\.trial), "ways over the overlay pass")), \(words(ports.map(\.trial), "published ports answer"))"
        let isWide = traffic.count > Self.widest
        func isPlain(_ row: StatusAnswer.Traffic) -> Bool {
            row.trouble == nil && (row.paths.map(\.trial) + row.ports.map(\.trial)).allSatisfy { $0.passes == .true }
        }
        let shown = isWide ? traffic.filter { !isPlain($0) } : traffic
        let targets =
            isWide
            ? Set(shown.flatMap { $0.paths.filter { $0.trial.passes != .true }.map(\.to) }).sorted()
            : Set(traffic.map(\.node) + paths.map(\.to)).sorted()
        let numbers = Set(ports.map(\.port)).sorted()
        heads = targets.map { Head(title: "to \($0)") } + numbers.map { Head(title: "port \($0)") }
        rows = shown.map { row in
            let isStale = !heard.contains(row.node)
            let byName = Dictionary(row.paths.map { ($0.to, $0) }) { first, _ in first }
            let byPort = Dictionary(row.ports.map { ($0.port, $0) }) { first, _ in first }
            let cells =
                targets.map { name in Self.cell("to \(name)", byName[name]?.trial, Self.times(byName[name]), isStale) }
                + numbers.map { number in Self.cell("port \(number)", byPort[number]?.trial, nil, isStale) }
            return Row(
                name: row.node.rawValue, cells: cells, trouble: row.trouble, stale: isStale, age: row.triedSecondsAgo.map { Age(seconds: $0) })
        }
        anyRow = !rows.isEmpty
    }

    private static func times(_ path: StatusAnswer.Traffic.Path?) -> String? {
        guard let small = path?.smallMilliseconds, let large = path?.largeMilliseconds else { return nil }
        return "\(number(small)) / \(number(large)) ms"
    }

    private static func number(_ milliseconds: Double) -> String {
        let tenths = Int((max(0, min(milliseconds, 1e9)) * 10).rounded())
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
    }

    private static func cell(_ label: String, _ trial: StatusAnswer.Traffic.Trial?, _ times: String?, _ isStale: Bool) -> Cell {
        guard let trial else { return Cell(label: label, anyTrial: false, mark: Mark(.none, "–"), note: nil) }
        switch trial.passes {
        case .true: return Cell(label: label, anyTrial: true, mark: Mark(.ok, times ?? "answers"), note: nil)
        case .unknown: return Cell(label: label, anyTrial: true, mark: Mark(.none, isStale ? "not known" : "not tried yet"), note: nil)
        case .false:
            let last = trial.passedSecondsAgo.map { "last passed \(Age.words($0)) ago" } ?? "never passed"
            return Cell(label: label, anyTrial: true, mark: Mark(.bad, "fails"), note: "\(trial.failure ?? "no answer"); \(last)")
        }
    }
}
