import SkepModel
import SkepWire

/// A cluster in the middle of its bring-up, with one machine down and one that never came.
enum Sample {
    static let now = Instant(milliseconds: 1_795_270_000_000)

    static func status(ready: Bool = false, hostile text: String? = nil) -> StatusAnswer {
        var frontend = node("n1", .manager, "live", seen: 2)
        frontend.ready = true
        frontend.swarm = "manager, leader"
        frontend.labels = ["type": "frontend", "skep.share.data": "ready"]
        var worker = node("n2", .worker, ready ? "live" : "down", seen: ready ? 4 : 252)
        worker.ready = ready
        worker.swarm = "worker"
        worker.labels = ["type": text ?? "worker-db"]
        worker.clockOffsetMilliseconds = ready ? 12 : 7_384_000
        if !ready {
            worker.conditions.append(
                Condition(
                    .mounts, .false, reason: "ServerSilent",
                    message: text ?? "share data is mounted, and 10.77.0.11 does not answer; it is remounted when the server is back",
                    since: now.advanced(by: -260_000)))
        }
        var third = node("n3", .worker, ready ? "live" : "never", seen: ready ? 3 : nil)
        third.ready = ready
        if !ready {
            third.id = nil
            (third.addresses, third.advertised, third.docker, third.system, third.certificateExpires, third.conditions) = ([], nil, nil, nil, nil, [])
        }
        let wait = StatusAnswer.Wait(what: text ?? "joining the swarm", waitsFor: "the machine n3 to enrol", command: "skep node defer n3")
        let services = [
            StatusAnswer.Stack.Service(name: "shop_web", running: 2, desired: 2, error: nil),
            StatusAnswer.Stack.Service(
                name: "shop_database", running: ready ? 1 : 0, desired: 1,
                error: ready ? nil : text ?? "no suitable node (scheduling constraints not satisfied on 2 nodes)"),
        ]
        return StatusAnswer(
            cluster: .init(
                name: ClusterName(unchecked: "geneva"), kind: .target, generation: Generation(4), ready: ready,
                phase: ready ? "ready" : "waiting for machines", waits: ready ? [] : [wait], conditions: []),
            nodes: [frontend, worker, third],
            stacks: [
                .init(name: "traefik", ready: true, reason: nil, services: [.init(name: "traefik_traefik", running: 1, desired: 1, error: nil)]),
                .init(name: "shop", ready: ready, reason: ready ? nil : "shop_database has no running task", services: services),
            ],
            operations: operations(text), now: now)
    }

    /// Two nodes that pass what they try but for one way and one port.
    static func traffic() -> StatusAnswer {
        var status = status(ready: true)
        var (first, second) = (row("n1", to: ["n2", "n3"]), row("n2", to: ["n1", "n3"]))
        second.paths[0].trial = .init(passes: .false, passedSecondsAgo: 200, failure: "small packets pass, those of 1450 bytes do not")
        first.ports = [.init(port: 443, trial: .init(passes: .true, passedSecondsAgo: 12, failure: nil))]
        second.ports = [.init(port: 443, trial: .init(passes: .unknown, passedSecondsAgo: nil, failure: nil))]
        status.traffic = [first, second]
        return status
    }

    static func row(_ name: String, to others: [String], failing: Bool = false, trouble: String? = nil) -> StatusAnswer.Traffic {
        let trial = StatusAnswer.Traffic.Trial(passes: failing ? .false : .true, passedSecondsAgo: 12, failure: failing ? name : nil)
        let paths = others.map {
            StatusAnswer.Traffic.Path(to: NodeName(unchecked: $0), trial: trial, smallMilliseconds: 0.41, largeMilliseconds: 12.4)
        }
        return .init(node: NodeName(unchecked: name), triedSecondsAgo: 12, mtu: 1450, trouble: trouble, paths: paths, ports: [])
    }

    private static func node(_ name: String, _ role: Role, _ liveness: String, seen: Double?) -> StatusAnswer.Node {
        var node = StatusAnswer.Node(
            name: NodeName(unchecked: name), id: NodeID(unchecked: "00c0ffee0000000\(name.last ?? "0")"), role: role, ready: false, liveness: liveness
        )
        node.seenSecondsAgo = seen
        node.advertised = "10.77.0.1\(name.last ?? "0")"
        node.addresses = ["10.77.0.1\(name.last ?? "0")", "172.17.0.1"]
        node.docker = "20.10.24+dfsg1"
        node.system = "Debian GNU/Linux 12 (bookworm)"
        node.certificateExpires = now.advanced(by: 61_000_000)
        let kinds: [Condition.Kind] = [.packages, .docker, .daemonConfig, .sysctls, .firewall, .swarm, .clock, .identity]
        node.conditions = kinds.map { Condition($0, .true, reason: "AsWanted", message: "as the file says", since: now.advanced(by: -900_000)) }
        return node
    }

    private static func operations(_ text: String?) -> [Operation] {
        let initialise = Operation(
            id: "op-1", kind: .initialise, generation: Generation(1), started: now.advanced(by: -800_000),
            state: .done(at: now.advanced(by: -790_000)),
            nodes: [NodeID(unchecked: "00c0ffee00000001")],
            steps: [
                .init(name: "plan", at: now.advanced(by: -799_000), detail: "pool 10.201.0.0/16, data path port 4789, MTU 1450"),
                .init(name: "initialise", at: now.advanced(by: -790_500), detail: "swarm k2x9 on 10.77.0.11"),
            ])
        let deploy = Operation(
            id: "op-2", kind: .deploy, generation: Generation(4), started: now.advanced(by: -45_000), stack: StackName(unchecked: "shop"),
            steps: [.init(name: "bundle", at: now.advanced(by: -44_000), detail: text ?? "sha256:4be1…")],
            waitsFor: text ?? "its tasks to run")
        return [initialise, deploy]
    }

    static func events(_ text: String? = nil) -> [Event] {
        let node = NodeName(unchecked: "n1")
        return [
            Event(
                id: 9, at: now.advanced(by: -3000), node: node, kind: .repair, message: text ?? "table inet skep was changed by somebody: put back",
                seconds: 0.21),
            Event(id: 8, at: now.advanced(by: -45_000), kind: .operation, message: "deploy shop began"),
            Event(id: 7, at: now.advanced(by: -60_000), kind: .act, message: "applied generation 4", actor: text ?? "ada"),
            Event(
                id: 6, at: now.advanced(by: -252_000), node: NodeName(unchecked: "n2"), kind: .failure,
                message: "share data: the server does not answer"),
            Event(id: 5, at: now.advanced(by: -90_000_000), node: NodeName(unchecked: "n2"), kind: .enrolment, message: "enrolled from 10.77.0.12"),
        ]
    }
}
