import SkepModel
import Testing

@testable import AgentCore

/// Docker's API over TLS, as the agent plans it.
@Suite struct DockerAPIPlannerTests {
    private let wanted = DockerAPISpec(certificate: "server\n", authority: "authority\n", clients: ["a\n"])

    private func part(_ wanted: DockerAPISpec?, _ seen: Seen<Observation.API>, installed: Bool = true) -> Part {
        var spec = Samples.spec()
        spec.api = wanted
        var observation = Samples.observation()
        observation.api = seen
        observation.packages = .seen(.init(installed: installed ? ["docker.io", "stunnel4"] : ["docker.io"]))
        return DockerAPIPlanner(context: PlanningContext(spec: spec, observation: observation, now: Instant(milliseconds: 1), failures: [:])).plan()
    }

    @Test func aKeyIsMadeThenACertificateAwaitedThenItIsServed() {
        #expect(part(wanted, .seen(.init())).actions == [.prepareAPI(name: NodeName(unchecked: "n1"))])
        var early = wanted
        early.certificate = nil
        let waiting = part(early, .seen(.init(isThere: true, request: "request")))
        #expect(waiting.actions == [] && waiting.condition?.reason == "NoCertificate")
        #expect(part(wanted, .seen(.init(isThere: true, request: "request")), installed: false).condition?.reason == "NotInstalled")
        let serve = part(wanted, .seen(.init(isThere: true, request: "request")))
        #expect(serve.actions == [.serveAPI(wanted)] && serve.causes == [:], "a first start is no repair")
        let good = part(wanted, .seen(.init(isThere: true, request: "request", served: wanted, isRunning: true)))
        #expect(good.actions == [] && good.condition?.status == .true && good.condition?.message == "on 2376, for 1 credential")
    }

    @Test func aServerThatStoppedOrWasChangedIsMended() {
        let stopped = part(wanted, .seen(.init(isThere: true, request: "request", served: wanted, isRunning: false)))
        #expect(stopped.actions == [.serveAPI(wanted)] && stopped.causes[.serveAPI(wanted)]?.fault == .dockerAPI)
        var other = wanted
        other.clients = ["a\n", "b\n"]
        #expect(part(wanted, .seen(.init(isThere: true, request: "request", served: other, isRunning: true))).actions == [.serveAPI(wanted)])
        let opened = part(wanted, .seen(.init(isThere: true, request: "request", isSetUp: true, isRunning: true)))
        #expect(opened.actions == [.serveAPI(wanted)] && opened.causes[.serveAPI(wanted)]?.words == "its files were other ones")
    }

    @Test func whoIsNotLetInAnyMoreIsShutOutWhateverElseIsMissing() {
        // the package cannot be seen, or is gone, and the server runs
        var former = wanted
        former.clients = ["a\n", "revoked\n"]
        let serving = Observation.API(isThere: true, request: "request", served: former, isRunning: true)
        #expect(part(wanted, .seen(serving), installed: false).actions == [.serveAPI(wanted)])
        // the certificate for a new key is not there yet: the former one serves whom the list still has
        var awaiting = wanted
        awaiting.certificate = nil
        let narrowed = part(awaiting, .seen(serving))
        #expect(narrowed.actions == [.serveAPI(wanted)] && narrowed.condition?.reason == "NoCertificate")
        #expect(part(awaiting, .seen(.init(isThere: true, request: "request", served: wanted, isRunning: true))).actions == [])
        #expect(part(awaiting, .seen(.init(isThere: true, request: "request", isSetUp: true, isRunning: true))).actions == [.removeAPI])
    }

    @Test func whatIsNotWantedGoesAndWhatIsNotSeenStays() {
        #expect(part(nil, .seen(.init(isThere: true))).actions == [.removeAPI])
        #expect(part(nil, .seen(.init())).actions == [] && part(nil, .failed("x")).actions == [])
        #expect(part(wanted, .failed("x")).condition?.status == .unknown)
    }

    @Test func itsPackageIsAskedForAfterTheEngine() {
        var spec = Samples.spec()
        spec.api = wanted
        #expect(HostPlanner.wantedPackages(spec).contains("stunnel4"))
        var brain = AgentBrain(spec: spec, revision: 1)
        var seen = Samples.observation()
        seen.packages = .seen(.init())
        seen.engine = .seen(.absent)
        let begun = brain.pass(seen, now: Instant(milliseconds: 1))
        #expect(begun.contains(.installPackages(["docker.io", "apparmor"])))
    }
}
