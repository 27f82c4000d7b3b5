import CoordinatorStore
import Foundation
import SkepModel
import Testing

@testable import CoordinatorAPI

@Suite(.serialized) struct RegistryTests {
    @Test func certificatesOfStacksAreRenewedClusterByCluster() async throws {
        let fixture = try await Fixture.start()
        let text = Fixture.file + "networks: {web: {}}\nstacks:\n  traefik: {from: catalogue, network: web}\n"
        _ = try await fixture.apply(text)
        _ = try await fixture.apply(text.replacingOccurrences(of: "cluster: geneva", with: "cluster: bern"))
        let runtime = try await fixture.runtime()
        let before = await runtime.currentBundles
        // What is stored of the first cluster is damaged.
        try await fixture.coordinator.store.saveGenerated([1], name: "stacks/traefik/key", of: ClusterName(unchecked: "bern"))
        fixture.advance(200 * 86_400_000)
        await fixture.coordinator.registry.renewCertificates()
        let renewed = await runtime.currentBundles
        #expect(renewed != before && renewed.count == 1)
        #expect(fixture.log.lines.contains { $0.contains("not renewed") && $0.contains("cluster=bern") })
        await runtime.replace(bundles: before, of: Generation(0))
        #expect(await runtime.currentBundles == renewed, "what was made of another generation is not taken")
        await fixture.remove()
    }
}
