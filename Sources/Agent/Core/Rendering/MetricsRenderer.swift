public import SkepModel

/// What a monitoring system may read of the agent: the text format of Prometheus, as node-exporter's textfile collector takes it
/// (prometheus.io/docs/instrumenting/exposition_formats).
public enum MetricsRenderer {
    /// `answered` is when the coordinator last accepted a report; nil for never.
    public static func text(_ status: NodeStatus, repairs: [Repair.Fault: Int], answered: Instant?) -> String {
        var text = ""
        func metric(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            guard !samples.isEmpty else { return }
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
            for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        metric("skep_agent_info", "gauge", "The agent's version.", [("{version=\"\(escaped(status.agentVersion))\"}", "1")])
        let isReady = status.conditions.allSatisfy { $0.status == .true }
        metric("skep_node_ready", "gauge", "Whether all of the node's conditions are true.", [("", isReady ? "1" : "0")])
        metric(
            "skep_condition", "gauge", "Whether a condition has that status.",
            status.conditions.sorted { $0.type < $1.type }.flatMap { condition in
                [Truth.true, .false, .unknown].map { truth in
                    ("{type=\"\(escaped(condition.type.rawValue))\",status=\"\(truth.rawValue)\"}", condition.status == truth ? "1" : "0")
                }
            })
        metric(
            "skep_repairs_total", "counter", "Repairs, by what was broken.",
            repairs.sorted { $0.key < $1.key }.map { ("{fault=\"\(escaped($0.key.rawValue))\"}", "\($0.value)") })
        let uses = status.manager?.addresses ?? []
        func label(_ use: ManagerView.AddressUse) -> String { "{network=\"\(escaped(use.network))\"}" }
        metric(
            "skep_network_addresses", "gauge", "Addresses of an overlay network, as the acting manager knows them.",
            uses.map { (label($0), "\($0.size)") })
        metric(
            "skep_network_addresses_free", "gauge", "Addresses of an overlay network that no service, task or node has.",
            uses.map { (label($0), "\($0.free)") })
        if let answered {
            metric(
                "skep_report_timestamp_seconds", "gauge", "When the coordinator last accepted a report.", [("", "\(answered.milliseconds / 1000)")])
        }
        if let generation = status.generation {
            metric("skep_generation", "gauge", "The generation that the node's state speaks of.", [("", "\(generation)")])
        }
        return text
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.unicodeScalars {
            switch byte {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(byte)
            }
        }
        return result
    }
}
