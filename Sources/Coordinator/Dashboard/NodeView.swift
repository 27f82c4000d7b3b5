import SkepModel
import SkepWire

/// One machine's block: what it last said, and how long ago.
struct NodeView: View {
    /// The words of a status answer; an unknown one is shown as it is.
    struct Liveness: RawRepresentable, Hashable, Sendable {
        let rawValue: String
        static let never = Liveness(rawValue: "never")
        static let live = Liveness(rawValue: "live")
        static let suspect = Liveness(rawValue: "suspect")
        static let down = Liveness(rawValue: "down")
        static let evicted = Liveness(rawValue: "evicted")
        static let awaitingApproval = Liveness(rawValue: "awaiting approval")
    }

    struct Fact: View {
        let label: String
        let value: String
        let factTone: String?
        /// Only where the value may no longer be true.
        let factAge: Age?
    }

    let name: String
    let anchor: String
    let role: String
    let mark: Mark
    let tone: String
    let stale: Bool
    let staleFor: String
    let age: Age?
    let progress: String?
    let anyFact: Bool
    let facts: [Fact]
    let anyCondition: Bool
    let open: Bool
    let conditionsSummary: String
    let conditions: [ConditionRow]

    init(_ node: StatusAnswer.Node, now: Instant) {
        let liveness = Liveness(rawValue: node.liveness)
        name = node.name.rawValue
        anchor = "node-\(node.name.rawValue)"
        role = node.role.rawValue
        mark = Self.mark(node, liveness)
        tone = mark.tone
        age = node.seenSecondsAgo.map { Age(seconds: $0) }
        stale = age != nil && liveness != .live
        staleFor = age?.text ?? ""
        progress = stale ? nil : node.progress
        facts = Self.facts(node, now: now, age: stale ? age : nil)
        anyFact = !facts.isEmpty
        conditions = ConditionRow.rows(node.conditions, now: now, stale: stale)
        anyCondition = !conditions.isEmpty
        let broken = node.conditions.filter { $0.status != .true }.map(\.type).sorted()
        open = !broken.isEmpty
        conditionsSummary =
            broken.isEmpty
            ? "all \(node.conditions.count) conditions are met"
            : "\(broken.count) of \(node.conditions.count) conditions not met: \(broken.map(\.rawValue).joined(separator: ", "))"
    }

    private static func mark(_ node: StatusAnswer.Node, _ liveness: Liveness) -> Mark {
        switch liveness {
        case .live: node.ready ? Mark(.ok, "ready") : Mark(.warn, "not ready")
        case .suspect: Mark(.warn, "suspect")
        case .down: Mark(.bad, "down")
        case .never: Mark(.none, "not enrolled yet")
        case .awaitingApproval: Mark(.warn, "awaiting approval")
        case .evicted: Mark(.none, "evicted")
        default: Mark(.none, node.liveness)
        }
    }

    private static func facts(_ node: StatusAnswer.Node, now: Instant, age: Age?) -> [Fact] {
        var facts: [Fact] = []
        func add(_ label: String, _ value: String?, _ tone: Mark.Tone? = nil) {
            guard let value, !value.isEmpty else { return }
            facts.append(Fact(label: label, value: value, factTone: tone?.rawValue, factAge: age))
        }
        add("Advertised address", node.advertised)
        let others = node.addresses.filter { $0 != node.advertised }
        add(node.advertised == nil ? "Addresses" : "Other addresses", others.joined(separator: ", "))
        add("Docker", node.docker)
        add("Swarm", node.swarm)
        add("System", node.system)
        add("Labels", node.labels.sorted { $0.key < $1.key }.map { $0.value.isEmpty ? $0.key : "\($0.key)=\($0.value)" }.joined(separator: ", "))
        if let expires = node.certificateExpires {
            // the coordinator's own record: as fresh as the page
            let left = Double(expires.since(now)) / 1000
            let tone = left <= 0 ? Mark.Tone.bad.rawValue : left < 6 * 3600 ? Mark.Tone.warn.rawValue : "fresh"
            let value = left <= 0 ? "expired \(Age.words(-left)) ago" : "good for \(Age.words(left))"
            facts.append(Fact(label: "Certificate", value: value, factTone: tone, factAge: nil))
        }
        if let offset = node.clockOffsetMilliseconds, abs(offset) >= 500 {
            let words = abs(offset) < 10_000 ? "\(abs(offset)) ms" : Age.words(Double(abs(offset)) / 1000)
            add("Clock", "\(words) \(offset > 0 ? "ahead" : "behind")", abs(offset) >= 5000 ? .bad : .warn)
        }
        if let id = node.id { facts.append(Fact(label: "Node", value: id.rawValue, factTone: "fresh", factAge: nil)) }
        return facts
    }
}
