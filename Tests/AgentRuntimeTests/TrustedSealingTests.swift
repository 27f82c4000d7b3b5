import SkepCrypto
import SkepHTTP
import SkepModel
import SkepSystem
import SkepWire
import Testing

@testable import AgentRuntime

@Suite struct TrustedSealingTests {
    static let cluster = ClusterName(unchecked: "lab")
    static let node = NodeID(unchecked: "0123456789abcdef")

    @Test @LoopActor func sealsOnlyToTheNodeThatWasSeenToEnrol() async throws {
        let links = try await LinkTests.another()
        let link = try await links.link()
        let chain = link.credentials.current.pem
        let key = Bytes.hex(link.credentials.current.leaf.publicKeySHA256)
        let sealing = TrustedSealing(cluster: Self.cluster, store: links.store)
        let good = ManagerDuties.Sealing(node: Self.node, certificate: chain)
        let sealed = try sealing.seal("SWMTKN-1-x", to: good, expectedKey: key)
        #expect(!sealed.contains("SWMTKN"))
        #expect(try sealing.open(sealed) == "SWMTKN-1-x")

        // Another key, another node, another cluster, another authority.
        #expect(throws: AgentError(.refused, "")) { try sealing.seal("t", to: good, expectedKey: String(repeating: "0", count: 64)) }
        let otherNode = ManagerDuties.Sealing(node: NodeID(unchecked: "ffffffffffffffff"), certificate: chain)
        #expect(throws: AgentError(.refused, "")) { try sealing.seal("t", to: otherNode, expectedKey: key) }
        let otherCluster = TrustedSealing(cluster: ClusterName(unchecked: "other"), store: links.store)
        #expect(throws: AgentError(.refused, "")) { try otherCluster.seal("t", to: good, expectedKey: key) }
        let others = try await LinkTests.another()
        let foreign = try await others.link()
        let foreignSealing = ManagerDuties.Sealing(node: Self.node, certificate: foreign.credentials.current.pem)
        #expect(throws: AgentError(.refused, "")) {
            try sealing.seal("t", to: foreignSealing, expectedKey: Bytes.hex(foreign.credentials.current.leaf.publicKeySHA256))
        }
    }
}
