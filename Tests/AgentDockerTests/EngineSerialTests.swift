import AgentCore
import SkepModel
import SkepSystem
import Testing

@testable import AgentDocker

/// With real engines; the kernel may have no IPVS, so that services are reached by `dnsrr` alone.
@Suite(.enabled(if: EngineFixture.isPossible)) struct EngineSerialTests {
    private static let bundleLabels = "labels: {skep.managed: \"true\", skep.bundle: "

    @LoopActor private static func actuator(_ engine: EngineFixture.Engine, _ fixture: EngineFixture) -> DockerActuator {
        var settings = DockerActuator.Settings()
        settings.stackFolder = "\(fixture.folder)/stacks-\(engine.name)"
        settings.resolvesImages = false
        settings.usesSystemd = false
        settings.joinDeadline = .seconds(15)
        return DockerActuator(
            client: DockerClient(socket: engine.socket), settings: settings, openToken: { String($0.reversed()) },
            sealToken: { token, sealing, key in
                guard key == "key" else { throw SystemError(.invalid, "another key than that of \(sealing.node), not \(token)") }
                return String(token.reversed())
            })
    }

    @LoopActor private static func view(_ engine: EngineFixture.Engine, _ actuator: DockerActuator? = nil) async throws -> ManagerView {
        let observer = DockerObserver(client: DockerClient(socket: engine.socket))
        let look = await observer.look(rememberedSwarm: nil, failures: actuator?.failures ?? [:], handed: actuator?.handed ?? [:])
        guard case .seen(let view)? = look.manager else { throw SystemError(.unavailable, "no view: \(look)") }
        return view
    }

    /// Looks until `isDone`, for at most 30 s, and answers with the last look.
    @LoopActor private static func view(
        _ engine: EngineFixture.Engine, _ actuator: DockerActuator? = nil, until isDone: (ManagerView) -> Bool
    ) async throws -> ManagerView {
        var last = try await view(engine, actuator)
        for _ in 0..<100 where !isDone(last) {
            try await LoopActor.sleep(for: .milliseconds(300))
            last = try await view(engine, actuator)
        }
        #expect(isDone(last), "\(last.stacks) \(last.members)")
        return last
    }

    private static func initialisation(_ operation: String, _ engine: EngineFixture.Engine) throws -> NodeSpec.Initialisation {
        NodeSpec.Initialisation(
            operation: operation, advertise: try #require(IPAddress(engine.address)), addressPool: try #require(CIDR("10.99.0.0/16")),
            subnetSize: 24, dataPathPort: 4790, heartbeat: 7000)
    }

    private static func bundle(_ digest: String, config: String, extra: String = "", services: [String]) -> StackBundle {
        let compose = """
            version: "3.8"
            services:
              ok:
                image: \(EngineFixture.image)
                command: ["/bin/sleep", "1000"]
                stop_grace_period: 0s
                networks: [public]
                configs: [\(config)]
                deploy: {endpoint_mode: dnsrr, \(bundleLabels)\(digest)}}
            \(extra)
            configs: {\(config): {name: demo_\(config), file: ./files/\(config), labels: {skep.managed: "true"}}}
            networks: {public: {external: true}}
            """
        return StackBundle(
            name: StackName(unchecked: "demo"), digest: digest, compose: compose, files: ["files/\(config)": "aGVsbG8="], services: services)
    }

    @LoopActor private static func done(
        _ actuator: DockerActuator, _ action: @autoclosure () throws -> AgentAction, at location: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = await actuator.perform(try action())
        #expect(outcome == .done, sourceLocation: location)
    }

    private static func words(_ outcome: ActionOutcome) -> String { if case .failed(let words) = outcome { words } else { "" } }

    @Test func aSwarmOfOne() async throws {
        try await EngineFixture.with(1) { fixture in
            let engine = fixture.engines[0]
            let client = DockerClient(socket: engine.socket)
            let actuator = Self.actuator(engine, fixture)
            let before = await DockerObserver(client: client).look(rememberedSwarm: "x")
            #expect(before.swarm == .seen(SwarmStatus(state: .inactive)))
            #expect(before.manager == nil)
            // an engine that is being stopped says the same of itself, and is still in its swarm
            let stopping = DockerObserver(client: client, programs: []) {
                EngineUnit("LoadState=loaded\nActiveState=deactivating\nSubState=stop-sigterm\n")
            }
            guard case .failed(let words) = await stopping.look(rememberedSwarm: "x").swarm else { throw SystemError(.failed, "it was believed") }
            #expect(words.contains("being stopped") && words.contains("stop-sigterm"))
            #expect(await stopping.look(rememberedSwarm: nil).swarm == before.swarm)
            guard case .seen(.running(let version, let bridges)) = before.engine else { throw SystemError(.failed, "\(before.engine)") }
            #expect(!version.isEmpty)
            #expect(bridges == ["docker0", "docker_gwbridge"])

            // The swarm is made once, and made again by the same operation only in name.
            try await Self.done(actuator, .initialiseSwarm(try Self.initialisation("op1", engine)))
            try await Self.done(actuator, .initialiseSwarm(try Self.initialisation("op1", engine)))
            #expect(Self.words(await actuator.perform(.initialiseSwarm(try Self.initialisation("op2", engine)))).contains("another swarm"))
            let made: SwarmInspection = try await client.get("/swarm")
            #expect(made.Spec["Dispatcher"]?["HeartbeatPeriod"] == .integer(7_000_000_000))
            let first = try await Self.view(engine) { $0.members.first?.state == "ready" }
            #expect(first.members.map(\.role) == [.manager])
            #expect(first.members.map(\.hostname) == ["n1"])
            #expect(first.members[0].leader && first.members[0].reachable && first.members[0].state == "ready")
            #expect(first.members[0].address == engine.address)
            #expect(first.tokenEpoch == 0)
            let status = await DockerObserver(client: client).swarm(rememberedSwarm: nil)
            #expect(status.value?.swarmID == first.swarmID)
            #expect(status.value?.isManager == true)
            #expect(status.value?.address == IPAddress(engine.address))

            try await Self.checkNetworksAndMembers(engine, actuator, client, first)
            try await Self.checkStacks(engine, actuator)
            try await Self.checkForeignStack(engine, actuator, client)

            try await Self.checkContainers(engine, actuator, fixture)

            // Through a proxy that refuses what Engine 29 refuses.
            try await FakeDocker.with("refuse", upstream: engine.socket) { proxy in
                let look = await DockerObserver(client: DockerClient(socket: proxy.socket)).look(rememberedSwarm: nil)
                if case .seen(.running(version, _)) = look.engine {} else { Issue.record("\(look.engine)") }
                #expect(look.manager?.value?.members.count == 1)
            }

            // Tokens are rotated once for an epoch.
            func token() async throws -> String { (try await client.get("/swarm", as: SwarmInspection.self)).JoinTokens.Worker }
            let former = try await token()
            try await Self.done(actuator, .rotateTokens(epoch: 2))
            let rotated = try await token()
            #expect(rotated != former)
            try await Self.done(actuator, .rotateTokens(epoch: 2))
            #expect(try await token() == rotated)
            #expect(try await Self.view(engine).tokenEpoch == 2)

            // Acting for the swarm: recorded, the tokens untouched, and never given back to one who was replaced.
            try await Self.done(actuator, .takeOver(term: 5))
            #expect(try await Self.view(engine).term == 5)
            #expect(try await token() == rotated)
            #expect(Self.words(await actuator.perform(.takeOver(term: 4))).contains("another manager acts"))
            #expect(try await Self.view(engine).term == 5)

            try await Self.done(actuator, .leaveSwarm(force: true))
            try await Self.done(actuator, .leaveSwarm(force: true))
            #expect(await DockerObserver(client: client).swarm(rememberedSwarm: "x").value == SwarmStatus(state: .inactive))
        }
    }

    @LoopActor private static func checkNetworksAndMembers(
        _ engine: EngineFixture.Engine, _ actuator: DockerActuator, _ client: DockerClient, _ first: ManagerView
    ) async throws {
        var told: Set<DockerEvents.Kind> = []
        var calls = 0
        let began = ContinuousClock.now
        let events = DockerEvents(client: client) { kinds in
            told.formUnion(kinds)
            calls += 1
        }
        events.start()
        defer { events.stop() }
        for _ in 0..<50 where told.isEmpty { try await LoopActor.sleep(for: .milliseconds(100)) }
        // with whatever a swarm that was just made still does
        #expect(told.contains(.connected))

        try await Self.done(actuator, .rebuildIngress(mtu: 1400))
        try await Self.done(actuator, .rebuildIngress(mtu: 1400))
        let network = ManagerDuties.Network(
            name: NetworkName(unchecked: "public"), attachable: true, encrypted: false, subnet: CIDR("10.200.7.0/24"), mtu: 1400)
        try await Self.done(actuator, .createNetwork(network))
        try await Self.done(actuator, .createNetwork(network))
        let seen = try await view(engine) { $0.networks.count == 2 }
        #expect(seen.ingressMTU == 1400)
        #expect(seen.networks == [.init(name: "ingress", ours: false), .init(name: "public", ours: true)])
        let made = try await actuator.networks()
        #expect(made.first { $0.Name == "public" }?.mtu == 1400)
        #expect(made.first { $0.Name == "public" }?.IPAM?.Config?.first?.Subnet == "10.200.7.0/24")

        // A bridge of the same name is in the way, and a network that is not ours stays.
        let local = NetworkCreation(Name: "local", Driver: "bridge", Options: [:], Labels: [:])
        try await client.post("/networks/create", body: local)
        try await client.post("/networks/create", body: NetworkCreation(Name: "theirs", Options: [:], Labels: [:]))
        var clash = network
        clash.name = NetworkName(unchecked: "local")
        #expect(words(await actuator.perform(.createNetwork(clash))).contains("driver bridge"))
        #expect(words(await actuator.perform(.removeNetwork("theirs"))).contains("not made by Skep"))
        try await Self.done(actuator, .removeNetwork("never-was"))
        guard case .seen(.running(_, let bridges)) = await DockerObserver(client: client).engine() else {
            throw SystemError(.failed, "no engine")
        }
        #expect(bridges.count == 3 && bridges[0].hasPrefix("br-") && bridges[0].utf8.count == 15)

        // Labels: an operator's own stays, ours are set and taken back.
        let id = first.members[0].id
        try await Self.done(actuator, .updateMember(id: id, role: nil, labels: ["theirs": "1", "ours": "1"], removeLabels: []))
        try await Self.done(actuator, .updateMember(id: id, role: .manager, labels: ["type": "a b"], removeLabels: ["ours"]))
        #expect(try await view(engine).members[0].labels == ["theirs": "1", "type": "a b"])
        #expect(words(await actuator.perform(.updateMember(id: id, role: .worker, labels: [:], removeLabels: []))).contains("last manager"))
        #expect(words(await actuator.perform(.updateMember(id: "nobody", role: nil, labels: ["a": "b"], removeLabels: []))).contains("nobody"))
        try await Self.done(actuator, .removeMember(id: "nobody"))

        for _ in 0..<50 where !told.isSuperset(of: [.network, .swarm]) { try await LoopActor.sleep(for: .milliseconds(100)) }
        #expect(told.isSuperset(of: [.network, .swarm]))
        #expect(calls <= Int((ContinuousClock.now - began) / .milliseconds(200)) + 1, "at most once in 200 ms")
    }

    @LoopActor private static func checkStacks(_ engine: EngineFixture.Engine, _ actuator: DockerActuator) async throws {
        let bad = """
              bad:
                image: \(EngineFixture.image)
                command: ["/bin/nothere"]
                networks: [public]
                deploy: {endpoint_mode: dnsrr, \(bundleLabels)d1}}
              lost:
                image: \(EngineFixture.image)
                networks: [public]
                deploy: {endpoint_mode: dnsrr, \(bundleLabels)d1}, placement: {constraints: [node.labels.absent == 1]}}
            """
        try await Self.done(actuator, .deployStack(bundle("d1", config: "one", extra: bad, services: ["ok", "bad", "lost"])))
        let failing = try await view(engine) { view in
            guard let services = view.stacks.first?.services, services.count == 3 else { return false }
            return services[0].error?.contains("nothere") == true && services[1].error != nil && services[2].running == 1
        }
        let stack = try #require(failing.stacks.first)
        #expect(stack.name == "demo" && stack.ours && stack.failure == nil)
        #expect(stack.services.map(\.name) == ["demo_bad", "demo_lost", "demo_ok"])
        #expect(stack.services.map(\.desired) == [1, 1, 1])
        #expect(stack.services.allSatisfy { $0.bundle == "d1" })
        #expect(stack.services[0].error?.hasSuffix("(on n1)") == true)
        #expect(stack.services[1].error?.contains("no suitable node") == true)
        #expect(stack.services[2].error == nil)

        // A bundle that the CLI refuses leaves what runs, and its words are shown.
        var refused = bundle("d2", config: "one", services: ["ok"])
        refused.compose = refused.compose.replacing("command:", with: "comand:")
        #expect(words(await actuator.perform(.deployStack(refused))).contains("comand"))
        // The content of a config cannot change under its name.
        var changed = bundle("d3", config: "one", services: ["ok"])
        changed.files = ["files/one": "b3RoZXI="]
        #expect(words(await actuator.perform(.deployStack(changed))).contains("only updates to Labels are allowed"))
        let unchanged = try await view(engine, actuator)
        #expect(unchanged.stacks[0].failure?.contains("only updates to Labels are allowed") == true)
        #expect(unchanged.stacks[0].services.contains { $0.name == "demo_ok" && $0.running == 1 })

        // A new bundle prunes services, and the superseded config goes once the new one runs.
        try await Self.done(actuator, .deployStack(bundle("d4", config: "two", services: ["ok"])))
        let healed = try await view(engine, actuator) { view in
            view.stacks.first?.services.map(\.name) == ["demo_ok"] && view.stacks[0].services[0].running == 1 && !view.stacks[0].services[0].updating
                && view.stacks[0].services[0].bundle == "d4"
        }
        #expect(healed.stacks[0].failure == nil)
        try await checkDrift(engine, actuator, healed)
        // the agent that deployed it may have died since
        let another = DockerActuator(
            client: DockerClient(socket: engine.socket), settings: actuator.settings, openToken: { $0 }, sealToken: { token, _, _ in token })
        await another.tidy(healed)
        try await checkTakenBack(engine, actuator)
        struct Named: Decodable, Sendable {
            struct Specification: Decodable, Sendable { var Name: String }
            var Spec: Specification
        }
        let configs: [Named] = try await actuator.client.get("/configs")
        #expect(configs.map(\.Spec.Name) == ["demo_two"])
        // by which it is seen that no deployment is under way
        #expect(!Files.exists("\(actuator.settings.stackFolder)/demo"))

        try await Self.done(actuator, .removeStack("demo"))
        #expect(!Files.exists("\(actuator.settings.stackFolder)/demo"))
        try await Self.done(actuator, .removeStack("demo"))
        let gone = try await view(engine, actuator)
        #expect(gone.stacks.isEmpty)
        #expect(try await actuator.client.get("/configs", as: [Named].self).isEmpty)
        try await Self.done(actuator, .removeNetwork("public"))
        #expect(try await view(engine) { $0.networks.count == 2 }.networks.map(\.name) == ["ingress", "theirs"])
    }

    /// A service that someone scales down shows another digest, and the former one when the bundle is deployed again; a restart shows the same.
    @LoopActor private static func checkDrift(_ engine: EngineFixture.Engine, _ actuator: DockerActuator, _ before: ManagerView) async throws {
        func docker(_ arguments: String...) async throws {
            let words = ["-H", "unix://\(engine.socket)", "service"] + arguments + ["--detach", "demo_ok"]
            try await run(Command("/usr/bin/docker", words, deadline: .seconds(30))).orThrow()
        }
        let digest = try #require(before.stacks[0].services[0].digest)
        // a nudge makes the tasks anew, and is no change of the service
        try await done(actuator, .nudge(service: "demo_ok"))
        let nudged: JSONValue = try await actuator.client.get("/services/demo_ok")
        #expect(nudged["Spec"]?["TaskTemplate"]?["ForceUpdate"] == .integer(1))
        _ = try await view(engine, actuator) { $0.stacks[0].services[0].running == 1 && !$0.stacks[0].services[0].updating }
        try await docker("update", "--force")
        #expect(try await view(engine).stacks[0].services[0].digest == digest)
        try await docker("update", "--replicas", "0")
        #expect(try await view(engine).stacks[0].services[0].digest != digest)
        try await done(actuator, .deployStack(bundle("d4", config: "two", services: ["ok"])))
        let again = try await view(engine, actuator) { $0.stacks[0].services[0].running == 1 && !$0.stacks[0].services[0].updating }
        #expect(again.stacks[0].services[0].digest == digest)
    }

    /// An update whose tasks fail is taken back by the swarm: what ran before runs, and which bundle it was is known until another is handed over.
    @LoopActor private static func checkTakenBack(_ engine: EngineFixture.Engine, _ actuator: DockerActuator) async throws {
        var failing = bundle("d6", config: "two", services: ["ok"])
        failing.compose = failing.compose.replacing("/bin/sleep", with: "/bin/nothere").replacing(
            "deploy: {", with: "deploy: {update_config: {failure_action: rollback}, ")
        try await done(actuator, .deployStack(failing))
        let back = try await view(engine, actuator) { view in
            view.stacks.first?.takenBack != nil && view.stacks.first?.services.first?.running == 1
                && view.stacks.first?.services.first?.updating == false
        }
        #expect(back.stacks.first?.takenBack == failing.attempt && back.stacks.first?.services.map(\.bundle) == ["d4"])
        let words = back.stacks.first?.failure ?? ""
        #expect(words.hasPrefix("the swarm took demo_ok back to what ran before: ") && words.contains("nothere"), "\(words)")
        try await done(actuator, .deployStack(bundle("d4", config: "two", services: ["ok"])))
        let again = try await view(engine, actuator)
        #expect(again.stacks.first?.takenBack == nil && again.stacks.first?.failure == nil)
    }

    @LoopActor private static func checkForeignStack(
        _ engine: EngineFixture.Engine, _ actuator: DockerActuator, _ client: DockerClient
    ) async throws {
        let service: JSONValue = .object([
            "Name": .string("demo_own"), "Labels": .object([SkepLabel.stack: .string("demo")]),
            "TaskTemplate": .object(["ContainerSpec": .object(["Image": .string(EngineFixture.image)])]),
            "Mode": .object(["Replicated": .object(["Replicas": .integer(0)])]),
        ])
        try await client.post("/services/create", body: service)
        #expect(words(await actuator.perform(.removeStack("demo"))).contains("demo_own"))
        #expect(words(await actuator.perform(.deployStack(bundle("d5", config: "one", services: ["ok"])))).contains("did not make"))
        let stack = try #require(try await view(engine).stacks.first)
        #expect(stack.ours == false && stack.services.map(\.name) == ["demo_own"])
    }

    /// Which containers are bound to a share; a task's is killed and replaced, and what nobody uses goes while what somebody stopped stays.
    @LoopActor private static func checkContainers(
        _ engine: EngineFixture.Engine, _ actuator: DockerActuator, _ fixture: EngineFixture
    ) async throws {
        let share = "\(fixture.folder)/share"
        try Files.makeDirectory("\(share)/sub")
        func docker(_ words: String...) async throws {
            try await run(Command("/usr/bin/docker", ["-H", "unix://\(engine.socket)"] + words, deadline: .seconds(60))).orThrow()
        }
        try await docker(
            "service", "create", "--detach", "--name", "bound", "--restart-condition", "on-failure", "--mount",
            "type=bind,source=\(share)/sub,destination=/data", EngineFixture.image, "/bin/sleep", "1000")
        try await docker("run", "--detach", "--name", "free", "--network", "none", "-v", "\(share)x:/data", EngineFixture.image, "/bin/sleep", "1000")
        try await docker("create", "--name", "stopped", "--network", "none", EngineFixture.image, "/bin/sleep", "1")
        let observer = DockerObserver(client: actuator.client)
        func bound() async throws -> Observation.BoundContainer? {
            for _ in 0..<100 {
                if let found = try await observer.bound(to: [share]).first { return found }
                try await LoopActor.sleep(for: .milliseconds(200))
            }
            return nil
        }
        let first = try #require(try await bound())
        #expect(first.isTask && first.name.hasPrefix("bound.1.") && first.process > 0)
        #expect(first.path == share && first.source == "\(share)/sub" && first.destination == "/data")
        #expect(try await observer.bound(to: [share]).count == 1, "a folder whose name only begins alike is another one")
        try await done(actuator, .restartTask(container: first.id, name: first.name))
        for _ in 0..<100 where try await bound()?.id == first.id { try await LoopActor.sleep(for: .milliseconds(200)) }
        let second = try #require(try await bound())
        #expect(second.id != first.id, "another one is there, although the service restarts on failure only")
        try await done(actuator, .restartTask(container: first.id, name: first.name))

        try await done(actuator, .prune)
        let left: [ContainerEntry] = try await actuator.client.get("/containers/json", ["all": "true"])
        #expect(!left.contains { $0.Id == first.id })
        #expect(Set(left.map(\.name)).isSuperset(of: ["free", "stopped", second.name]))
        try await docker("service", "rm", "bound")
        try await docker("rm", "-f", "free", "stopped")
    }

    @Test func aSecondNodeJoinsRisesAndLeaves() async throws {
        try await EngineFixture.with(3) { fixture in
            let one = fixture.engines[0]
            let two = fixture.engines[1]
            let manager = Self.actuator(one, fixture)
            let member = Self.actuator(two, fixture)
            let loner = Self.actuator(fixture.engines[2], fixture)
            try await Self.done(manager, .initialiseSwarm(try Self.initialisation("op", one)))
            let swarm = try await Self.view(one).swarmID
            func join(_ engine: EngineFixture.Engine, _ remote: String, _ sealed: String) throws -> AgentAction {
                .joinSwarm(NodeSpec.Join(swarm: swarm, advertise: try #require(IPAddress(engine.address)), remotes: [remote], sealedToken: sealed))
            }

            let node = NodeID(unchecked: "0123456789abcdef")
            let sealing = ManagerDuties.Sealing(node: node, certificate: "")
            let refusal = Self.words(await manager.perform(.sealToken(sealing, expectedKey: "other")))
            #expect(refusal.contains("another key") && !refusal.contains("SWMTKN"))
            guard case .sealed(let token) = await manager.perform(.sealToken(sealing, expectedKey: "key")) else {
                throw SystemError(.failed, "no token")
            }
            #expect(token.node == node && token.epoch == 0)

            // Nobody answers at that address: the attempt is undone and said.
            async let lost = loner.perform(try join(fixture.engines[2], "10.88.0.99:2377", token.sealed))
            let forged = "SWMTKN-1-\(String(repeating: "a", count: 50))-\(String(repeating: "b", count: 25))"
            let wrong = Self.words(await member.perform(try join(two, "10.88.0.1:2377", String(forged.reversed()))))
            #expect(!wrong.isEmpty && !wrong.contains(forged))
            let observer = DockerObserver(client: member.client)
            #expect(await observer.swarm(rememberedSwarm: nil).value?.state == .inactive)

            let joining = try join(two, "10.88.0.1:2377", token.sealed)
            try await Self.done(member, joining)
            try await Self.done(member, joining)
            let look = await observer.look(rememberedSwarm: swarm)
            #expect(look.manager == nil)
            #expect(look.swarm.value?.state == .active && look.swarm.value?.swarmID == swarm && look.swarm.value?.isManager == false)
            let joined = try await Self.view(one) { $0.members.count == 2 && $0.members.allSatisfy { $0.state == "ready" } }
            let id = try #require(joined.members.first { $0.hostname == "n2" }?.id)
            #expect(look.swarm.value?.nodeID == id)
            #expect(joined.members.first { $0.id == id }?.address == two.address)

            try await Self.done(manager, .updateMember(id: id, role: .manager, labels: [:], removeLabels: []))
            // The leader knows it a moment before the engine itself does.
            for _ in 0..<50 where await observer.swarm(rememberedSwarm: nil).value?.isManager != true {
                try await LoopActor.sleep(for: .milliseconds(100))
            }
            _ = try await Self.view(two) { $0.members.count { $0.role == .manager } == 2 }

            // A manager that leaves lays its role down first, so that the other one keeps the swarm.
            try await Self.done(member, .leaveSwarm(force: true))
            try await Self.done(manager, .removeMember(id: id))
            let alone = try await Self.view(one)
            #expect(alone.members.map(\.hostname) == ["n1"] && alone.members[0].leader)

            let words = Self.words(try await lost)
            #expect(words.contains("10.88.0.99"), "\(words)")
            #expect(await DockerObserver(client: loner.client).swarm(rememberedSwarm: nil).value?.state == .inactive)
            try await Self.done(manager, .leaveSwarm(force: true))
        }
    }
}
