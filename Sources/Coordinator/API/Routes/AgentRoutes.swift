import CoordinatorAuthority
import Hummingbird
import SkepModel
import SkepWire

/// The agents' listener: reports and renewals, nothing else.
struct AgentRoutes: Sendable {
    let doorkeeper: Doorkeeper
    let registry: ClusterRegistry
    let renewal: RenewalService

    func add(to router: Router<CoordinatorContext>) {
        doorkeeper.add(Route(.agents, .post, "/v1/report"), to: router) { request, _, _ in
            let identity = try await doorkeeper.node()
            let body = try await Answers.body(ReportRequest.self, of: request)
            guard let runtime = await registry.runtime(identity.cluster) else {
                throw Refusal(.forbidden, "UnknownNode", "no such cluster is looked after here")
            }
            return try Answers.json(try await runtime.report(body, from: identity.node))
        }
        doorkeeper.add(Route(.agents, .post, "/v1/renew"), to: router) { request, _, _ in
            let identity = try await doorkeeper.node()
            let body = try await Answers.body(RenewRequest.self, of: request, limit: 64 * 1024)
            return try Answers.json(try await renewal.renew(body, identity: identity))
        }
    }
}
