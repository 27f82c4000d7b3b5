import CoordinatorStore
import HTTPTypes
import Hummingbird
import SkepModel
import SkepWire

/// What people and their programs ask: translated here, decided in the services.
struct OperatorRoutes: Sendable {
    let doorkeeper: Doorkeeper
    let registry: ClusterRegistry
    let store: any Store
    let operators: OperatorService
    let enrolment: EnrolmentService
    let applying: ApplyService

    func add(to router: Router<CoordinatorContext>) {
        addLogin(to: router)
        addActs(to: router)
        addReading(to: router)
        addPeople(to: router)
    }

    private func addLogin(to router: Router<CoordinatorContext>) {
        let refusals = doorkeeper.refusals
        doorkeeper.add(Route(.operators, .post, "/v1/login"), to: router) { request, context, _ in
            let body = try await Answers.body(LoginRequest.self, of: request, limit: 16 * 1024)
            guard !refusals.isBlocked("BadLogin", caller: context.address) else { throw Doorkeeper.tooMany }
            guard let answer = try await operators.login(code: body.code, name: body.name) else {
                throw Refusal(.unauthorized, "BadLogin", "this login is not good (any more): sudo skep-coordinator first-login makes one")
            }
            return try Answers.json(answer)
        }
    }

    private func addActs(to router: Router<CoordinatorContext>) {
        doorkeeper.add(Route(.operators, .post, "/v1/apply"), to: router) { request, context, caller in
            let body = try await Answers.body(ApplyRequest.self, of: request)
            return try Answers.json(try await applying.apply(body, actor: caller.name, from: context.address))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/invitations"), to: router) { request, context, caller in
            let body = try await Answers.body(InviteRequest.self, of: request, limit: 16 * 1024)
            return try Answers.json(try await enrolment.invite(body, to: try await cluster(context), actor: caller.name))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/nodes/:node/:act"), to: router) { request, context, caller in
            let runtime = try await cluster(context)
            let name = try node(context)
            switch context.parameters.get("act") {
            case "approve": return try Self.done(try await runtime.approve(name, actor: caller.name))
            case "defer": return try Self.done(try await runtime.defer(name, actor: caller.name))
            case "undefer": return try Self.done(try await runtime.undefer(name, actor: caller.name))
            case "retry-firewall": return try Self.done(try await runtime.retryFirewall(name, actor: caller.name))
            case "evict":
                let force = request.uri.queryParameters["force"] == "true"
                return try Self.done(try await runtime.evict(name, force: force, actor: caller.name))
            default: throw Refusal.notFound("a node can be approved, deferred, undeferred and evicted")
            }
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/operations/:operation/abandon"), to: router) { _, context, caller in
            let runtime = try await cluster(context)
            return try Self.done(try await runtime.abandon(context.parameters.get("operation") ?? "", actor: caller.name))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/drill"), to: router) { request, context, caller in
            let body = try await Answers.body(DrillRequest.self, of: request, limit: 16 * 1024)
            return try Answers.json(try await cluster(context).drill(body, actor: caller.name))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/down"), to: router) { request, context, caller in
            let body = try await Answers.body(DownRequest.self, of: request, limit: 16 * 1024)
            return try Self.done(try await cluster(context).down(purge: body.purge, actor: caller.name))
        }
    }

    private func addReading(to router: Router<CoordinatorContext>) {
        doorkeeper.add(Route(.operators, .get, "/v1/clusters"), to: router) { _, _, _ in
            var clusters: [ClusterSummary] = []
            for runtime in await registry.all() { clusters.append(await runtime.summary()) }
            return try Answers.json(ClustersAnswer(clusters: clusters))
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/status"), to: router) { _, context, _ in
            try Answers.json(await cluster(context).status())
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/status/stream"), to: router) { _, context, _ in
            let runtime = try await cluster(context)
            return EventStream.response(on: runtime.changed, atLeast: 1000, always: true) {
                EventStream.message(event: "status", data: try Answers.string(await runtime.status()))
            }
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/spec"), to: router) { request, context, caller in
            let runtime = try await cluster(context)
            var generation = await runtime.generation
            if let wanted = request.uri.queryParameters["generation"].flatMap({ Int($0) }) {
                guard let found = try await store.generation(Generation(wanted), of: runtime.name) else {
                    throw Refusal.notFound("\(runtime.name) has no generation \(wanted)")
                }
                generation = found
            }
            return try Answers.json(SpecAnswer(generation, for: caller.kind))
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/generations"), to: router) { _, context, _ in
            let runtime = try await cluster(context)
            return try Answers.json(
                GenerationsAnswer(
                    generations: try await store.generations(of: runtime.name).map {
                        GenerationSummary(generation: $0.number, fileName: $0.fileName, actor: $0.actor, at: $0.at)
                    }))
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/events"), to: router) { request, context, _ in
            let runtime = try await cluster(context)
            let limit = request.uri.queryParameters["limit"].flatMap { Int($0) } ?? 50
            let after = request.uri.queryParameters["after"].flatMap { Int64($0) }
            return try Answers.json(
                EventsAnswer(events: try await store.events(of: runtime.name, after: after, limit: max(1, min(1000, limit)))))
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/events/stream"), to: router) { request, context, _ in
            let runtime = try await cluster(context)
            let after =
                request.uri.queryParameters["after"].flatMap { Int64($0) }
                ?? HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }.flatMap { Int64($0) }
            let newest = try await store.events(of: runtime.name, after: nil, limit: 1).last?.id ?? 0
            let cursor = Cursor(after ?? newest)
            return EventStream.response(on: runtime.ledger, always: true) {
                let events = try await store.events(of: runtime.name, after: cursor.value, limit: 1000)
                guard let last = events.last else { return nil }
                cursor.value = last.id
                var buffer = ByteBuffer()
                for event in events {
                    buffer.writeImmutableBuffer(EventStream.message(event: "event", data: try Answers.string(event), id: event.id))
                }
                return buffer
            }
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/repairs"), to: router) { request, context, _ in
            let runtime = try await cluster(context)
            let seconds = request.uri.queryParameters["seconds"].flatMap { Int64($0) } ?? RepairsAnswer.day
            return try Answers.json(try await runtime.repairs(seconds: max(1, min(RepairsAnswer.longest, seconds))))
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/drill"), to: router) { _, context, _ in
            try Answers.json(try await cluster(context).drill())
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/firewall/:node"), to: router) { _, context, _ in
            let runtime = try await cluster(context)
            let name = try node(context)
            guard let spec = await runtime.specs.values.first(where: { $0.name == name })?.firewall else {
                throw Refusal.notFound("nothing is decided yet of the firewall of \(name)")
            }
            return try Answers.json(spec)
        }
    }

    private func addPeople(to router: Router<CoordinatorContext>) {
        doorkeeper.add(Route(.operators, .get, "/v1/operators"), to: router) { _, _, _ in try Answers.json(try await operators.list()) }
        doorkeeper.add(Route(.operators, .post, "/v1/operators"), to: router) { request, _, caller in
            let body = try await Answers.body(OperatorRequest.self, of: request, limit: 16 * 1024)
            return try Answers.json(try await operators.add(body, actor: caller.name))
        }
        doorkeeper.add(Route(.operators, .delete, "/v1/operators/:name"), to: router) { _, context, caller in
            try Self.done(try await operators.remove(context.parameters.get("name") ?? "", actor: caller.name))
        }
    }

    private static func done(_ words: String) throws -> Response { try Answers.json(DoneAnswer(done: words)) }

    private func cluster(_ context: CoordinatorContext) async throws -> ClusterRuntime { try await registry.named(context) }

    private func node(_ context: CoordinatorContext) throws -> NodeName {
        let text = context.parameters.get("node") ?? ""
        guard let name = NodeName(rawValue: text) else { throw Refusal.notFound("'\(text.prefix(63))' is no node's name") }
        return name
    }
}
