import Foundation
import Logging
import SkepModel
import Testing

@testable import CoordinatorAPI

/// A coordinator that cannot listen says why and ends; nobody waits for it.
@Suite struct ListenTests {
    private func refusal(operators: CoordinatorConfiguration.Endpoint, agents: CoordinatorConfiguration.Endpoint) async throws -> String? {
        let path = NSTemporaryDirectory() + "skep-listen-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let coordinator = try await Coordinator(
            CoordinatorConfiguration(state: path, operators: operators, agents: agents, advertise: ["127.0.0.1"], packages: path, machineID: nil),
            clock: .system, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        async let ports = coordinator.ports()
        do {
            try await coordinator.run()
            return nil
        } catch {
            #expect(await ports == nil, "whoever waits for the ports is told")
            return "\(error)"
        }
    }

    @Test func aPortThatIsTakenIsSaid() async throws {
        let first = try await Fixture.start()
        let (operators, agents) = try #require(await first.coordinator.ports())
        let free = CoordinatorConfiguration.Endpoint(host: "127.0.0.1", port: 0)
        #expect(
            try await refusal(operators: .init(host: "127.0.0.1", port: operators), agents: free)
                == "cannot listen for operators on 127.0.0.1:\(operators): Address already in use; another program has the port "
                + "(`ss -ltnp 'sport = :\(operators)'` names it): end it, or choose another by 'listen'")
        let words = try await refusal(operators: free, agents: .init(host: "127.0.0.1", port: agents)) ?? ""
        #expect(words.hasPrefix("cannot listen for agents on 127.0.0.1:\(agents): ") && words.hasSuffix("by 'agents'"), "\(words)")
        await first.stop()
    }

    /// 192.0.2.0/24 is nobody's: RFC 5737.
    @Test func anAddressOfAnotherMachineIsSaid() async throws {
        let words = try await refusal(operators: .init(host: "192.0.2.1", port: 17443), agents: .init(host: "127.0.0.1", port: 0))
        #expect(words?.hasPrefix("cannot listen for operators on 192.0.2.1:17443: Cannot assign requested address; this machine has no") == true)
    }
}
