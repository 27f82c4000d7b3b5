import ArgumentParser
import SkepCrypto
import SkepHTTP
import SkepModel
import SkepSystem
import SkepWire

/// `skep doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Looks for what is wrong: the way to the coordinator, clocks, certificates, nodes, stacks.")

    @OptionGroup var session: Session
    @OptionGroup var output: JSONFlag

    /// What `--json` prints of a check.
    struct Check: Encodable {
        let check: String
        let good: Bool
        let message: String
    }

    func run() throws {
        var checks: [Check] = []
        func note(_ check: String, _ good: Bool, _ message: String) { checks.append(Check(check: check, good: good, message: message)) }
        do {
            let client = try session.client()
            try reach(client, note)
            let clusters = try client.get("/v1/clusters", ClustersAnswer.self).clusters
            note("login", true, "the coordinator knows you")
            if let wanted = session.cluster, !clusters.contains(where: { $0.name.rawValue == wanted }) {
                note("cluster \(wanted)", false, "the coordinator has no such cluster: skep cluster list")
            }
            if clusters.isEmpty { note("clusters", true, "there is no cluster yet") }
            for cluster in clusters where session.cluster == nil || session.cluster == cluster.name.rawValue {
                let status: StatusAnswer = try client.get("/v1/clusters/\(cluster.name)/status")
                look(status, note)
            }
        } catch let failure as CommandFailure {
            note("coordinator", false, failure.lines.joined(separator: "; "))
        }
        if output.json {
            try JSONOutput.show(checks)
        } else {
            for check in checks { Output.line("\(check.good ? "good" : "BAD ")  \(check.check): \(check.message)") }
        }
        if checks.contains(where: { !$0.good }) { throw ExitCode(Outcome.failed.rawValue) }
    }

    private func reach(_ client: CoordinatorClient, _ note: (String, Bool, String) -> Void) throws {
        guard let response = try client.text("/healthz") else { throw CommandFailure(.failed, "\(client.address.url) is no coordinator of Skep") }
        note("coordinator", true, "\(client.address.url) answers as the authority that was logged in to")
        if let date = response.date {
            let offset = date - SystemClock.wallMilliseconds() / 1000
            note(
                "clock", abs(offset) <= 5,
                abs(offset) <= 5
                    ? "this machine and the coordinator agree"
                    : "this machine is \(Words.span(abs(offset))) \(offset > 0 ? "behind" : "ahead of") the coordinator: set the clock")
        }
        if let leaf = response.peerCertificates.first.flatMap({ try? Certificate(pem: $0) }) {
            let left = leaf.notAfter - SystemClock.wallMilliseconds() / 1000
            note("certificate", left > 0, left > 0 ? "the coordinator's is good for \(Words.span(left))" : "the coordinator's has expired")
        }
    }

    private func look(_ status: StatusAnswer, _ note: (String, Bool, String) -> Void) {
        let name = status.cluster.name
        note("cluster \(name)", status.cluster.ready, status.cluster.ready ? "ready" : status.cluster.phase)
        for wait in status.cluster.waits {
            note("cluster \(name)", false, "\(wait.what) waits for \(wait.waitsFor)\(wait.command.map { ": \($0)" } ?? "")")
        }
        for node in status.nodes {
            let what = "node \(node.name)"
            guard node.liveness == "live" else {
                note(
                    what, false,
                    node.liveness == "never"
                        ? "no machine has enrolled as it: skep node invite \(node.name)"
                        : "\(node.liveness), seen \(Words.age(node.seenSecondsAgo))")
                continue
            }
            if let offset = node.clockOffsetMilliseconds, abs(offset) > 2000 {
                note(what, false, "its clock is \(offset) ms off: look at its time service")
            }
            let wrong = node.conditions.filter { $0.status == .false }
            for condition in wrong { note(what, false, "\(condition.type.rawValue): \(condition.message)") }
            if wrong.isEmpty { note(what, true, node.ready ? "ready" : "live") }
        }
        for stack in status.stacks {
            note("stack \(stack.name)", stack.ready, stack.ready ? "ready" : stack.reason ?? "not ready")
            for service in stack.services { if let error = service.error { note("stack \(stack.name)", false, "\(service.name): \(error)") } }
        }
    }
}
