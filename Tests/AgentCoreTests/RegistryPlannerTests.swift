import SkepModel
import Testing

@testable import AgentCore

@Suite struct RegistryPlannerTests {
    private func part(_ wanted: [String: String]?, _ seen: Seen<[String: String]>) -> Part {
        var spec = Samples.spec()
        spec.authorities = wanted
        var observation = Samples.observation()
        observation.authorities = seen
        return RegistryPlanner(context: PlanningContext(spec: spec, observation: observation, now: Instant(milliseconds: 1), failures: [:])).plan()
    }

    @Test func whatTheEngineTrustsIsWhatTheFileSays() {
        #expect(part(nil, .seen([:])).actions == [] && part(nil, .seen([:])).condition == nil)
        #expect(part(["r:5000": "a"], .seen([:])).actions == [.writeAuthorities(["r:5000": "a"])])
        #expect(part(["r:5000": "a"], .seen(["r:5000": "b", "s": "c"])).actions == [.writeAuthorities(["r:5000": "a"])])
        #expect(part(nil, .seen(["s": "c"])).actions == [.writeAuthorities([:])])
        #expect(part(["r:5000": "a"], .seen(["r:5000": "a"])).condition?.message == "the authorities of r:5000")
        #expect(part(["r:5000": "a"], .failed("x")).condition?.status == .unknown && part(nil, .failed("x")).condition == nil)
    }
}
