import CoordinatorCore
import CoordinatorStore
import Foundation
import SkepModel
import Testing

/// A store on a file of its own, gone after the test.
final class Scratch {
    let path: String
    var store: SQLiteStore

    init() throws {
        path = NSTemporaryDirectory() + "skep-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        store = try SQLiteStore(path: path + "/s.sqlite")
    }

    func reopen() throws {
        try store.close()
        store = try SQLiteStore(path: path + "/s.sqlite")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

let cluster = ClusterName(unchecked: "geneva")
let n1 = NodeID(unchecked: "00000000000000a1")
let n2 = NodeID(unchecked: "00000000000000a2")
func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

func generation(_ number: Int, labels: [String: String] = [:]) -> StoredGeneration {
    StoredGeneration(
        number: Generation(number),
        spec: ClusterSpec(
            name: cluster, kind: .target, audiences: [.management: [CIDR("10.0.0.0/8")].compactMap { $0 }],
            nodes: [.init(name: NodeName(unchecked: "n1"), role: .manager, labels: labels)]),
        fileName: "geneva.yaml", file: "cluster: geneva", sealedFiles: [1, 2, UInt8(number)], actor: "eve", at: at(Int64(number)))
}

func node(_ id: NodeID, _ name: String, machine: String = "m1") -> Snapshot.Node {
    Snapshot.Node(id: id, name: NodeName(unchecked: name), machineID: machine, certificate: "PEM", key: "k")
}

func act(_ message: String) -> Event { Event(at: at(5), cluster: cluster, kind: .act, message: message, actor: "eve") }

@Suite struct SQLiteStoreTests {
    @Test func keepsGenerationsAndRecordOverAReopening() async throws {
        let scratch = try Scratch()
        _ = try await scratch.store.accept(generation(1), record: nil, generated: ["v": [9]], events: [act("one")])
        var record = ClusterRecord()
        record.swarm = "s1"
        _ = try await scratch.store.accept(generation(2, labels: ["a": "b"]), record: nil, generated: [:], events: [act("two")])
        #expect(try await scratch.store.takeLease(cluster, holder: "me", now: at(0), until: at(30)))
        _ = try await scratch.store.commit(ClusterChange(cluster: cluster, holder: "me", record: record))
        try scratch.reopen()
        let stored = try #require(try await scratch.store.cluster(cluster))
        #expect(stored.generation.number == Generation(2))
        #expect(stored.generation.spec.nodes[0].labels == ["a": "b"])
        #expect(stored.generation.sealedFiles == [1, 2, 2])
        #expect(stored.record == record)
        #expect(try await scratch.store.generations(of: cluster).map(\.number.number) == [2, 1])
        #expect(try await scratch.store.generation(Generation(1), of: cluster)?.sealedFiles == [1, 2, 1])
        #expect(try await scratch.store.generated("v", of: cluster) == [9])
        #expect(try await scratch.store.events(of: cluster, after: nil, limit: 10).map(\.message) == ["one", "two"])
        #expect(try await scratch.store.clusterNames() == [cluster])
    }

    @Test func commitIsAllOrNothingAndNeedsTheLease() async throws {
        let scratch = try Scratch()
        _ = try await scratch.store.accept(generation(1), record: nil, generated: [:], events: [])
        #expect(try await scratch.store.takeLease(cluster, holder: "one", now: at(0), until: at(30)))
        #expect(try await scratch.store.takeLease(cluster, holder: "two", now: at(29), until: at(60)) == false)
        #expect(try await scratch.store.takeLease(cluster, holder: "one", now: at(29), until: at(50)))
        #expect(try await scratch.store.takeLease(cluster, holder: "two", now: at(50), until: at(90)))
        var record = ClusterRecord()
        record.probeRound = 7
        let operation = Operation(id: "o1", kind: .initialise, generation: Generation(1), started: at(1))
        await #expect(throws: StoreError(.leaseLost, "")) {
            try await scratch.store.commit(
                ClusterChange(cluster: cluster, holder: "one", record: record, operations: [operation], events: [act("x")]))
        }
        #expect(try await scratch.store.cluster(cluster)?.record == ClusterRecord())
        // A second open operation breaks the schema's rule: nothing of the change is kept.
        let other = Operation(id: "o2", kind: .join, generation: Generation(1), started: at(2))
        await #expect(throws: StoreError(.conflict, "")) {
            try await scratch.store.commit(
                ClusterChange(cluster: cluster, holder: "two", record: record, operations: [operation, other], events: [act("x")]))
        }
        let stored = try #require(try await scratch.store.cluster(cluster))
        #expect(stored.record == ClusterRecord() && stored.operations.isEmpty)
        #expect(try await scratch.store.events(of: cluster, after: nil, limit: 10).isEmpty)
        // One that ends makes room for the next in the same change.
        var ended = operation
        ended.state = .done(at: at(3))
        _ = try await scratch.store.commit(ClusterChange(cluster: cluster, holder: "two", operations: [operation]))
        _ = try await scratch.store.commit(ClusterChange(cluster: cluster, holder: "two", operations: [other, ended]))
        #expect(try await scratch.store.cluster(cluster)?.operations == [ended, other])
    }

    @Test func recordsANodesEventsOnce() async throws {
        let scratch = try Scratch()
        _ = try await scratch.store.accept(generation(1), record: nil, generated: [:], events: [])
        _ = try await scratch.store.saveNode(node(n1, "n1"), cluster: cluster, events: [])
        func event(_ sequence: Int) -> NodeEvent { NodeEvent(sequence: sequence, at: at(1), kind: .repair, message: "r\(sequence)", seconds: 0.5) }
        let name = NodeName(unchecked: "n1")
        var (sequence, recorded) = try await scratch.store.recordEvents([event(2), event(1)], of: n1, named: name, cluster: cluster)
        #expect(sequence == 2 && recorded.map(\.message) == ["r1", "r2"])
        (sequence, recorded) = try await scratch.store.recordEvents([event(1), event(2), event(3)], of: n1, named: name, cluster: cluster)
        #expect(sequence == 3 && recorded.map(\.message) == ["r3"])
        try scratch.reopen()
        #expect(try await scratch.store.cluster(cluster)?.sequences == [n1: 3])
        let newest = try await scratch.store.events(of: cluster, after: nil, limit: 2)
        #expect(newest.map(\.message) == ["r2", "r3"])
        #expect(try await scratch.store.events(of: cluster, after: newest[0].id, limit: 9).map(\.message) == ["r3"])
        #expect(newest[1].seconds == 0.5)
    }

    @Test func keepsWhatARepairFoundAndDid() async throws {
        let scratch = try Scratch()
        _ = try await scratch.store.accept(generation(1), record: nil, generated: [:], events: [])
        _ = try await scratch.store.saveNode(node(n1, "n1"), cluster: cluster, events: [])
        let repair = Repair(
            fault: .tableGone, evidence: "it was gone", actions: ["install it"], failures: 1, before: "no table", after: "AsSpecified", noticed: at(1)
        )
        let events = [
            NodeEvent(sequence: 1, at: at(2), kind: .repair, message: "mended", seconds: 1, repair: repair),
            NodeEvent(sequence: 2, at: at(3), kind: .action, message: "done"),
            NodeEvent(sequence: 3, at: at(9), kind: .repair, message: "mended", seconds: 3, repair: repair),
        ]
        _ = try await scratch.store.recordEvents(events, of: n1, named: NodeName(unchecked: "n1"), cluster: cluster)
        try scratch.reopen()
        #expect(try await scratch.store.events(of: cluster, after: nil, limit: 9).map(\.repair) == [repair, nil, repair])
        #expect(try await scratch.store.repairs(of: cluster, since: at(0), limit: 9).map(\.at) == [at(2), at(9)])
        #expect(try await scratch.store.repairs(of: cluster, since: at(3), limit: 9).map(\.at) == [at(9)])
        #expect(try await scratch.store.repairs(of: cluster, since: at(0), limit: 1).map(\.at) == [at(9)])
        #expect(try await scratch.store.repairs(of: ClusterName(unchecked: "other"), since: at(0), limit: 9).isEmpty)
    }

    @Test func invitationsAreUsedOnceAndByOneKey() async throws {
        let scratch = try Scratch()
        _ = try await scratch.store.accept(generation(1), record: nil, generated: [:], events: [])
        let hash = String(repeating: "a", count: 64)
        var invitation = Invitation(hash: hash, cluster: cluster, name: nil, expires: at(100), actor: "eve")
        _ = try await scratch.store.add(invitation, event: act("invited"))
        #expect(try await scratch.store.invitation(hash: hash) == invitation)
        invitation.usedAt = at(5)
        invitation.usedKey = "k1"
        let certificate = NodeCertificate(serial: "01", node: n1, key: "k1", pem: "P", issued: at(5), notAfter: at(99))
        _ = try await scratch.store.enrol(
            node(n1, "n1"), cluster: cluster, invitation: invitation, certificate: certificate, revokeOthers: false, events: [act("in")])
        var thief = invitation
        thief.usedKey = "k2"
        await #expect(throws: StoreError(.conflict, "")) {
            try await scratch.store.enrol(
                node(n2, "n2", machine: "m2"), cluster: cluster, invitation: thief, certificate: nil, revokeOthers: false, events: [])
        }
        #expect(try await scratch.store.cluster(cluster)?.nodes.map(\.id) == [n1])
        // Two machines of one name, or two nodes of one machine, cannot be stored.
        await #expect(throws: StoreError(.conflict, "")) {
            try await scratch.store.saveNode(node(n2, "n1", machine: "m2"), cluster: cluster, events: [])
        }
        await #expect(throws: StoreError(.conflict, "")) {
            try await scratch.store.saveNode(node(n2, "n2"), cluster: cluster, events: [])
        }
    }

    @Test func theOldCertificateIsGoodUntilTheNewOneIsUsed() async throws {
        let scratch = try Scratch()
        _ = try await scratch.store.accept(generation(1), record: nil, generated: [:], events: [])
        _ = try await scratch.store.saveNode(node(n1, "n1"), cluster: cluster, events: [])
        try await scratch.store.add(NodeCertificate(serial: "01", node: n1, key: "k", pem: "P", issued: at(1), notAfter: at(99)))
        try await scratch.store.markUsed(serial: "01", at: at(2))
        try await scratch.store.add(NodeCertificate(serial: "02", node: n1, key: "k", pem: "P", issued: at(3), notAfter: at(99)))
        #expect(try await scratch.store.certificate(serial: "01")?.revoked == false)
        try await scratch.store.markUsed(serial: "01", at: at(4))
        #expect(try await scratch.store.certificate(serial: "02")?.revoked == false)
        try await scratch.store.markUsed(serial: "02", at: at(5))
        #expect(try await scratch.store.certificate(serial: "01")?.revoked == true)
        #expect(try await scratch.store.certificate(serial: "02")?.used == at(5))
        for number in 10..<30 {
            try await scratch.store.add(
                NodeCertificate(serial: "\(number)", node: n1, key: "k", pem: "P", issued: at(Int64(number)), notAfter: at(99)))
        }
        #expect(try await scratch.store.certificate(serial: "21") == nil, "few that were never used are kept")
        #expect(try await scratch.store.certificate(serial: "22") != nil)
        #expect(try await scratch.store.certificate(serial: "02") != nil, "one in use always is")
        try await scratch.store.revokeCertificates(of: n1)
        #expect(try await scratch.store.certificate(serial: "02")?.revoked == true)
    }

    @Test func loginsAndSessionsAreGoodForAWhile() async throws {
        let scratch = try Scratch()
        let store = scratch.store
        let (a, b, c) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64), String(repeating: "c", count: 64))
        try await store.addFirstLogin(hash: a, expires: at(10))
        #expect(try await store.useFirstLogin(hash: a, now: at(11)) == false)
        #expect(try await store.useFirstLogin(hash: a, now: at(9)))
        #expect(try await store.useFirstLogin(hash: a, now: at(9)) == false)
        let eve = StoredOperator(name: "eve", role: "admin", created: at(1))
        _ = try await store.save(eve, tokenHash: b, event: act("made"))
        #expect(try await store.operatorWithToken(hash: b) == eve)
        try await store.addSession(hash: c, operator: "eve", expires: at(10))
        #expect(try await store.operatorWithSession(hash: c, now: at(9)) == eve)
        #expect(try await store.operatorWithSession(hash: c, now: at(11)) == nil)
        _ = try await store.save(eve, tokenHash: a, event: act("made anew"))
        #expect(try await store.operatorWithSession(hash: c, now: at(9)) == nil, "a new token ends what the old one opened")
        try await store.addSession(hash: c, operator: "eve", expires: at(10))
        #expect(try await store.operatorWithSession(hash: c, now: at(9)) == eve)
        await #expect(throws: StoreError(.lastAdmin, "")) { try await store.removeOperator("eve", event: act("gone")) }
        await #expect(throws: StoreError(.lastAdmin, "")) {
            try await store.save(StoredOperator(name: "eve", role: "viewer", created: at(1)), tokenHash: a, event: act("less"))
        }
        _ = try await store.save(StoredOperator(name: "bob", role: "admin", created: at(1)), tokenHash: b, event: act("made"))
        _ = try await store.removeOperator("eve", event: act("gone"))
        #expect(try await store.operatorWithSession(hash: c, now: at(9)) == nil)
        await #expect(throws: StoreError(.notFound, "")) { try await store.removeOperator("eve", event: act("gone")) }
    }

    @Test func twoAdminsWhoRemoveEachOtherDoNotBothSucceed() async throws {
        for round in 0..<20 {
            let scratch = try Scratch()
            let store = scratch.store
            for name in ["eve", "bob"] {
                let token = String(repeating: name == "eve" ? "a" : "b", count: 64)
                _ = try await store.save(StoredOperator(name: name, role: "admin", created: at(1)), tokenHash: token, event: act("made"))
            }
            async let one = try? store.removeOperator("eve", event: act("gone"))
            async let other = try? store.removeOperator("bob", event: act("gone"))
            let done = await [one, other].compactMap(\.self)
            #expect(done.count == 1, "round \(round)")
            #expect(try await scratch.store.operators().count == 1)
        }
    }

    @Test func statusesAndRevisionsComeBack() async throws {
        let scratch = try Scratch()
        _ = try await scratch.store.accept(generation(1), record: nil, generated: [:], events: [])
        _ = try await scratch.store.saveNode(node(n1, "n1"), cluster: cluster, events: [])
        let status = NodeStatus(
            node: n1, bootID: "b", agentVersion: "1", observed: at(3), revision: 4, generation: Generation(1),
            facts: NodeFacts(machineID: "m1", hostname: "n1"), swarm: SwarmStatus(state: .inactive))
        try await scratch.store.saveStatuses([StoredStatus(node: n1, seen: at(7), status: status)])
        try await scratch.store.saveRevisions([n1: SpecRevision(number: 5, digest: "d")])
        try await scratch.store.saveRevisions([n1: SpecRevision(number: 3, digest: "e")])
        try scratch.reopen()
        let stored = try #require(try await scratch.store.cluster(cluster))
        #expect(stored.nodes[0].seen == at(7) && stored.nodes[0].status == status)
        #expect(stored.revisions == [n1: SpecRevision(number: 5, digest: "e")], "the number never goes back")
    }
}
