import Hummingbird
import SkepWire

/// Who may use a cluster's Docker API over TLS.
struct CredentialRoutes: Sendable {
    let doorkeeper: Doorkeeper
    let registry: ClusterRegistry

    func add(to router: Router<CoordinatorContext>) {
        doorkeeper.add(Route(.operators, .get, "/v1/clusters/:cluster/credentials"), to: router) { _, context, _ in
            try Answers.json(await registry.named(context).credentials())
        }
        doorkeeper.add(Route(.operators, .post, "/v1/clusters/:cluster/credentials"), to: router) { request, context, caller in
            let body = try await Answers.body(CredentialRequest.self, of: request, limit: 32 * 1024)
            return try Answers.json(try await registry.named(context).createCredential(body, actor: caller.name))
        }
        doorkeeper.add(Route(.operators, .delete, "/v1/clusters/:cluster/credentials/:credential"), to: router) { _, context, caller in
            let name = context.parameters.get("credential") ?? ""
            return try Answers.json(DoneAnswer(done: try await registry.named(context).revokeCredential(name, actor: caller.name)))
        }
    }
}
