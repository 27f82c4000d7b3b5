import AgentCore
import SkepModel
import Testing

@Suite struct MetricsTests {
    @Test func saysEachConditionOnceForEachStatus() {
        let since = Instant(milliseconds: 0)
        var status = NodeStatus(
            node: NodeID(unchecked: "0000000000000001"), bootID: "b", agentVersion: "0.1.0", observed: since, revision: 1, generation: Generation(7),
            facts: NodeFacts(machineID: "m", hostname: "n1"), swarm: SwarmStatus(state: .inactive))
        status.conditions = [
            Condition(.docker, .true, reason: "Running", message: "m", since: since),
            Condition(.init(rawValue: "a\"b\\c"), .unknown, reason: "x", message: "m", since: since),
        ]
        let text = MetricsRenderer.text(status, repairs: [.engineStopped: 3], answered: Instant(milliseconds: 12_345))
        let samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            samples == [
                "skep_agent_info{version=\"0.1.0\"} 1", "skep_node_ready 0", "skep_condition{type=\"DockerReady\",status=\"true\"} 1",
                "skep_condition{type=\"DockerReady\",status=\"false\"} 0", "skep_condition{type=\"DockerReady\",status=\"unknown\"} 0",
                "skep_condition{type=\"a\\\"b\\\\c\",status=\"true\"} 0", "skep_condition{type=\"a\\\"b\\\\c\",status=\"false\"} 0",
                "skep_condition{type=\"a\\\"b\\\\c\",status=\"unknown\"} 1", "skep_repairs_total{fault=\"DockerStopped\"} 3",
                "skep_report_timestamp_seconds 12", "skep_generation 7",
            ])
        #expect(text.split(separator: "\n").count { $0.hasPrefix("# TYPE") } == 6 && text.hasSuffix("\n"))
        status.conditions.removeLast()
        #expect(MetricsRenderer.text(status, repairs: [:], answered: nil).contains("skep_node_ready 1\n"))
        #expect(!MetricsRenderer.text(status, repairs: [:], answered: nil).contains("repairs_total"))
    }
}
