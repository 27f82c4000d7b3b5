import CoordinatorCore
import Foundation
import SkepCrypto
import SkepHTTP
import SkepModel
import SkepWire
import Testing

@testable import CoordinatorAPI

@Suite(.serialized) struct ClusterTests {
    @Test func applyComparesKeepsAndRefuses() async throws {
        let fixture = try await Fixture.start()
        let plan = try await fixture.apply(planOnly: true)
        #expect(plan.changed && !plan.changes.isEmpty)
        let none: ClustersAnswer = try await fixture.get("/v1/clusters")
        #expect(none.clusters.isEmpty, "a plan changes nothing")
        #expect(try await fixture.apply().generation == Generation(1))
        let same = try await fixture.apply()
        #expect(!same.changed && same.generation == Generation(1) && same.changes.isEmpty)
        let more = try await fixture.apply(Fixture.file.replacingOccurrences(of: "n3: {}", with: "n3: {labels: {zone: east}}"))
        #expect(more.changed && more.generation == Generation(2) && more.changes.contains { $0.contains("n3") })
        let kept: SpecAnswer = try await fixture.get("/v1/clusters/geneva/spec?generation=1")
        #expect(kept.file == Fixture.file && kept.actor == "root")
        let all: GenerationsAnswer = try await fixture.get("/v1/clusters/geneva/generations")
        #expect(all.generations.map(\.generation.number) == [2, 1])

        #expect(await refusal { try await fixture.apply("cluster: geneva\nnonsense: 1\n") } == "ClusterFileRefused")
        #expect(await refusal { try await fixture.apply(Fixture.file.replacingOccurrences(of: "kind: target", with: "kind: host")) } == "KindChanged")
        #expect(try await fixture.apply(planOnly: true).generation == Generation(2))
        await fixture.remove()
    }

    @Test func whatIsMadeStaysAsItIs() async throws {
        let fixture = try await Fixture.start()
        func file(_ network: String, docker: String = "{}") -> String { Fixture.file + "docker: \(docker)\nnetworks:\n  web: \(network)\n" }
        func applied(_ text: String, planOnly: Bool = false) async -> String { await refusal { try await fixture.apply(text, planOnly: planOnly) } }
        _ = try await fixture.apply(file("{attachable: true}", docker: "{mtu: 1400}"))
        #expect(await applied(file("{encrypted: true}", docker: "{mtu: 1450}")) == "none", "nothing is made yet")
        try await fixture.recordSwarm()
        let others = [
            file("{encrypted: true}", docker: "{mtu: 1400}"), file("{encrypted: true}", docker: "{mtu: 1450, data-path-port: 7789}"),
            file("{encrypted: true}", docker: "{mtu: 1450, address-pool: 10.201.0.0/16}"), file("{}"),
            file("{encrypted: true, attachable: true}"), file("{encrypted: true, subnet: 10.200.7.0/24}"),
        ]
        for text in others {
            #expect(await applied(text) == "CannotBeChanged", "\(text)")
            #expect(await applied(text, planOnly: true) == "CannotBeChanged", "\(text)")
        }
        let asItIs = file("{encrypted: true}", docker: "{mtu: auto, address-pool: 10.200.0.0/16, data-path-port: 4789}")
        #expect(await applied(asItIs) == "none")

        // A network that is out of the file is there until a manager sees it no more.
        let machine = try await fixture.enrol("n1", machine: 1)
        _ = try await machine.report(machine.manager(of: ["n1"], networks: ["web"]))
        _ = try await fixture.apply()
        #expect(await applied(file("{}")) == "CannotBeChanged")
        #expect(await applied(file("{encrypted: true}")) == "none", "as it was")
        _ = try await fixture.apply()
        _ = try await machine.report(machine.manager(of: ["n1"]))
        #expect(await applied(file("{}")) == "none")
        await fixture.remove()
    }

    @Test func aHeldReportIsAnsweredWhenTheSpecChanges() async throws {
        let fixture = try await Fixture.start(settings: Settings(beat: 15_000, suspectAfter: 20_000, downAfter: 30_000))
        _ = try await fixture.apply()
        let machine = try await fixture.enrol("n1", machine: 1)
        let first = try await machine.report()
        let held = Task { try await machine.report(machine.status { $0.revision = first.revision }, holds: first.revision, urgent: false) }
        try await Task.sleep(for: .milliseconds(700))
        let began = ContinuousClock.now
        _ = try await fixture.apply(
            Fixture.file.replacingOccurrences(of: "n1: {role: manager}", with: "n1: {role: manager, sysctls: {vm.max_map_count: 262144}}"))
        let answer = try await held.value
        #expect(answer.revision > first.revision && answer.spec?.generation == Generation(2))
        #expect(ContinuousClock.now - began < .seconds(3))
        await fixture.remove()
    }

    @Test func aReportIsHeldForItsBeat() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let machine = try await fixture.enrol("n1", machine: 1)
        let first = try await machine.report()
        let began = ContinuousClock.now
        let answer = try await machine.report(machine.status { $0.revision = first.revision }, holds: first.revision, urgent: false)
        #expect(answer.spec == nil && answer.revision == first.revision)
        #expect(ContinuousClock.now - began > .milliseconds(300))
        await fixture.remove()
    }

    @Test func threeMachinesGetAsFarAsTheProbesAndNothingChurns() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        var machines: [Machine] = []
        for number in 1...3 { machines.append(try await fixture.enrol("n\(number)", machine: number)) }
        func status(_ index: Int, _ revision: Int) throws -> NodeStatus {
            let address = try #require(IPAddress("10.77.0.\(11 + index)"))
            let route = try #require(CIDR("10.77.0.0/16"))
            return machines[index].status {
                $0.revision = revision
                $0.facts.addresses = [.init(interface: "eth0", address: address, prefix: 16, mtu: 1500)]
                $0.facts.routes = [route]
                $0.facts.docker = "20.10.24"
                $0.swarm = SwarmStatus(state: .inactive)
            }
        }
        var held = [0, 0, 0]
        var specs: [NodeSpec?] = [nil, nil, nil]
        func round() async throws {
            for index in machines.indices {
                let answer = try await machines[index].report(try status(index, held[index]), holds: held[index])
                held[index] = answer.revision
                if let spec = answer.spec { specs[index] = spec }
            }
        }
        for _ in 0..<4 { try await round() }
        #expect(specs.allSatisfy { $0?.probe != nil }, "all facts are in: the pairs are probed")
        let before = held
        let events: EventsAnswer = try await fixture.get("/v1/clusters/geneva/events?limit=1000")
        for _ in 0..<4 {
            try await round()
            try await Task.sleep(for: .milliseconds(400))
        }
        #expect(held == before, "the same facts give the same specs")
        let after: EventsAnswer = try await fixture.get("/v1/clusters/geneva/events?limit=1000")
        #expect(after.events.count == events.events.count)
        let shown = try await fixture.status()
        #expect(!shown.cluster.waits.isEmpty && shown.cluster.ready == false)
        await fixture.remove()
    }

    @Test func everythingComesBackAfterARestart() async throws {
        let one = try await Fixture.start()
        _ = try await one.apply()
        let machine = try await one.enrol("n1", machine: 1)
        let mended = machine.status { $0.events = [NodeEvent(sequence: 4, at: $0.observed, kind: .repair, message: "mended")] }
        let first = try await machine.report(mended)
        #expect(first.acknowledged == 4)
        await one.stop()
        let two = try await Fixture.start(folder: one.folder, token: one.token)
        #expect(two.roots == one.roots)
        let again = Machine(key: machine.key, answer: machine.answer, machineID: machine.machineID, agents: two.agents, roots: two.roots)
        let answer = try await again.report(mended)
        #expect(answer.revision >= first.revision && answer.acknowledged == 4)
        let events: EventsAnswer = try await two.get("/v1/clusters/geneva/events")
        #expect(events.events.filter { $0.message == "mended" }.count == 1)
        #expect(try await two.status().cluster.generation == Generation(1))
        await two.remove()
    }

    @Test func repairsAreCountedByClassOfFault() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let machine = try await fixture.enrol("n1", machine: 1)
        var answer: RepairsAnswer = try await fixture.get("/v1/clusters/geneva/repairs")
        #expect(answer.repairs.isEmpty && answer.seconds == RepairsAnswer.day)
        _ = try await machine.report(
            machine.status { status in
                status.events = (1...3).map { number in
                    NodeEvent(
                        sequence: number, at: status.observed, kind: .repair, message: "mended", seconds: Double(number),
                        repair: Repair(
                            fault: .tableGone, evidence: "it was gone", actions: ["install it"], before: "gone", after: "there",
                            noticed: status.observed))
                }
            })
        answer = try await fixture.get("/v1/clusters/geneva/repairs?seconds=600")
        #expect(answer.seconds == 600)
        #expect(answer.repairs.map(\.fault) == [.tableGone])
        #expect(answer.repairs.first?.count == 3)
        #expect(answer.repairs.first?.median == 2)
        let events: EventsAnswer = try await fixture.get("/v1/clusters/geneva/events")
        #expect(events.events.compactMap(\.repair).count == 3)
        await fixture.remove()
    }

    @Test func aClockThatIsSetBackKeepsNobodyAlive() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let machine = try await fixture.enrol("n1", machine: 1)
        let first = try await machine.report()
        let held = Task { try await machine.report(machine.status { $0.revision = first.revision }, holds: first.revision, urgent: false) }
        try await Task.sleep(for: .milliseconds(100))
        let began = ContinuousClock.now
        fixture.advance(-3_600_000)
        _ = try await held.value
        #expect(ContinuousClock.now - began < .seconds(5), "the beat is as long as ever")
        try await Task.sleep(for: .seconds(3))
        #expect(try await fixture.status().nodes[0].liveness == "down")
        await fixture.remove()
    }

    @Test func whatAClockWroteThatWasAheadKeepsNobodyAlive() async throws {
        let one = try await Fixture.start()
        one.advance(1_800_000)
        _ = try await one.apply()
        _ = try await one.enrol("n1", machine: 1).report()
        await one.stop()
        let two = try await Fixture.start(folder: one.folder, token: one.token)
        try await Task.sleep(for: .seconds(3))
        #expect(try await two.status().nodes[0].liveness == "down")
        await two.remove()
    }

    @Test func onlyOneProcessWorksInAFolder() async throws {
        let fixture = try await Fixture.start()
        await #expect(throws: (any Error).self) { try await Fixture.start(folder: fixture.folder, token: fixture.token) }
        await fixture.remove()
    }

    @Test func conditionsAndLivenessReachTheLedger() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let machine = try await fixture.enrol("n1", machine: 1)
        func status(_ truth: Truth) -> NodeStatus {
            machine.status { $0.conditions = [Condition(.docker, truth, reason: "Test", message: "as told", since: $0.observed)] }
        }
        _ = try await machine.report(status(.true))
        _ = try await machine.report(status(.false))
        _ = try await machine.report(status(.false))
        try await Task.sleep(for: .seconds(3))
        let events: EventsAnswer = try await fixture.get("/v1/clusters/geneva/events?limit=100")
        #expect(events.events.filter { $0.message.contains("DockerReady is false (Test): as told") }.count == 1)
        #expect(events.events.contains { $0.node?.rawValue == "n1" && $0.message.contains("down") })
        let shown = try await fixture.status().nodes[0]
        #expect(shown.liveness == "down" && !shown.ready)
        #expect(shown.conditions.contains { $0.type == .connected && $0.status == .false })
        await fixture.remove()
    }

    @Test func actsOnNodesAndTheTeardown() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let runtime = try await fixture.runtime()
        let _: DoneAnswer = try await fixture.post("/v1/clusters/geneva/nodes/n3/defer")
        #expect(await runtime.record.deferred == [NodeName(unchecked: "n3")])
        let _: DoneAnswer = try await fixture.post("/v1/clusters/geneva/nodes/n3/undefer")
        #expect(await runtime.record.deferred == [])
        #expect(await refusal { () -> DoneAnswer in try await fixture.post("/v1/clusters/geneva/nodes/n9/defer") } == "NotFound")
        #expect(await refusal { () -> DoneAnswer in try await fixture.post("/v1/clusters/geneva/nodes/n1/evict") } == "NotFound")
        #expect(await refusal { () -> DoneAnswer in try await fixture.post("/v1/clusters/geneva/operations/x/abandon") } == "NotFound")
        let _: DoneAnswer = try await fixture.post("/v1/clusters/geneva/down", DownRequest(purge: false))
        if case .up = await runtime.record.lifecycle { Issue.record("the teardown has not begun") }
        await fixture.remove()
    }

    @Test func eventsAreFollowed() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let seen = Task { () -> String in
            var request = SkepHTTP.HTTPRequest(.get, fixture.operators + "/v1/clusters/geneva/events/stream?after=0")
            request.tls.trust = .authorityPEM(fixture.roots)
            request.setHeader("Authorization", "Bearer \(fixture.token)")
            request.deadline = .seconds(5)
            let fixed = request
            return await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    var text = ""
                    _ = try? BlockingHTTPClient().perform(fixed) { bytes in
                        text += String(decoding: bytes, as: UTF8.self)
                        return !text.contains("deferred")
                    }
                    continuation.resume(returning: text)
                }
            }
        }
        try await Task.sleep(for: .milliseconds(500))
        let _: DoneAnswer = try await fixture.post("/v1/clusters/geneva/nodes/n3/defer")
        let text = await seen.value
        #expect(text.contains("event: event\ndata: {") && text.contains("generation 1 accepted") && text.contains("deferred"))
        await fixture.remove()
    }
}
