import CoordinatorCore
import SkepModel
import SkepWire

/// What the members found of the traffic between them, as it is shown: every age by the coordinator's clock.
extension ClusterRuntime {
    func traffic(_ now: Instant) -> [StatusAnswer.Traffic] {
        nodes.values.filter { !$0.evicted }.sorted { $0.name < $1.name }.compactMap { node in
            guard let asked = specs[node.id]?.canary, let report = node.status?.canary else { return nil }
            return row(node, asked, report, now)
        }
    }

    private func row(_ node: Snapshot.Node, _ asked: CanaryRequest, _ report: CanaryReport, _ now: Instant) -> StatusAnswer.Traffic {
        let isHeard = Liveness(seen: node.seen, now: now, settings: tools.settings) != .down
        func seconds(_ moment: Instant?) -> Double? { moment.flatMap { node.age(of: $0, now: now) }.map { Double($0) / 1000 } }
        func trial(_ trial: CanaryReport.Trial?, _ failure: String?) -> StatusAnswer.Traffic.Trial {
            // what passed long ago is not known to pass
            let isOld = trial?.passed.flatMap { node.age(of: $0, now: now) }.map { $0 > CanaryReport.oldest } ?? false
            let verdict = isHeard && !(isOld && trial?.misses == 0) ? trial?.verdict ?? .unknown : .unknown
            return .init(passes: verdict, passedSecondsAgo: seconds(trial?.passed), failure: verdict == .false ? failure : nil)
        }
        func milliseconds(_ microseconds: Int?) -> Double? { microseconds.map { Double($0) / 1000 } }
        let paths = asked.targets.enumerated().compactMap { index, target -> StatusAnswer.Traffic.Path? in
            guard let other = nodes[target.node] else { return nil }
            let path = report.path(to: target, near: index)
            return .init(
                to: other.name, trial: trial(path?.trial, path?.failure(mtu: report.mtu)), smallMilliseconds: milliseconds(path?.small),
                largeMilliseconds: milliseconds(path?.large))
        }
        let ports = asked.ports.enumerated().map { index, number in
            let port = report.port(number, near: index)
            return StatusAnswer.Traffic.Port(port: number, trial: trial(port?.trial, port?.failure ?? "no answer"))
        }
        return .init(
            node: node.name, triedSecondsAgo: seconds(report.at), mtu: report.mtu, trouble: report.trouble, paths: paths.sorted { $0.to < $1.to },
            ports: ports)
    }
}
