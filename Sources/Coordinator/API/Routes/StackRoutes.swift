import Hummingbird
import SkepModel
import SkepWire

/// What is asked of a single stack.
struct StackRoutes: Sendable {
    let doorkeeper: Doorkeeper
    let registry: ClusterRegistry
    let stacks: StackService

    func add(to router: Router<CoordinatorContext>) {
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/stacks/:stack/secrets"), to: router) { _, context, _ in
            try Answers.json(try await stacks.secrets(of: try stack(context), in: try await registry.named(context)))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/stacks/:stack/secrets/:secret/show"), to: router) { _, context, caller in
            let name = context.parameters.get("secret") ?? ""
            return try Answers.json(
                try await stacks.show(name, of: try stack(context), in: try await registry.named(context), actor: caller.name))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/stacks/:stack/secrets/:secret/rotate"), to: router) { _, context, caller in
            let name = context.parameters.get("secret") ?? ""
            let words = try await stacks.rotate(name, of: try stack(context), in: try await registry.named(context), actor: caller.name)
            return try Answers.json(DoneAnswer(done: words))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/stacks/:stack/deploy"), to: router) { _, context, caller in
            let words = try await registry.named(context).deployAgain(try stack(context), actor: caller.name)
            return try Answers.json(DoneAnswer(done: words))
        }
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/stacks/:stack/history"), to: router) { _, context, _ in
            try Answers.json(try await stacks.history(of: try stack(context), in: try await registry.named(context)))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/images"), to: router) { request, context, _ in
            let body = try await Answers.body(ImagesRequest.self, of: request, limit: 256 * 1024)
            return try Answers.json(try await registry.named(context).lookUp(body))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/stacks/:stack/rollback"), to: router) { request, context, caller in
            let body = try await Answers.body(RollbackRequest.self, of: request, limit: 16 * 1024)
            let words = try await stacks.rollBack(
                try stack(context), to: body.generation, in: try await registry.named(context), actor: caller.name)
            return try Answers.json(DoneAnswer(done: words))
        }
    }

    private func stack(_ context: CoordinatorContext) throws -> StackName {
        let text = context.parameters.get("stack") ?? ""
        guard let name = StackName(rawValue: text) else { throw Refusal.notFound("'\(text.prefix(63))' is no stack's name") }
        return name
    }
}

extension ClusterRegistry {
    /// The cluster that a path names.
    nonisolated func named(_ context: CoordinatorContext) async throws -> ClusterRuntime {
        let text = context.parameters.get("cluster") ?? ""
        guard let name = ClusterName(rawValue: text), let runtime = await runtime(name) else {
            throw Refusal.notFound("there is no cluster '\(text.prefix(40))' here")
        }
        return runtime
    }
}
