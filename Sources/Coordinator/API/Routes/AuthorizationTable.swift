import Hummingbird

/// Who may do what: every route has a row, and what has none is refused to everybody.
enum AuthorizationTable {
    private static let everyone: Set<Caller.Kind> = [.anonymous, .viewer, .operator, .admin]
    private static let viewers: Set<Caller.Kind> = [.viewer, .operator, .admin]
    private static let operators: Set<Caller.Kind> = [.operator, .admin]
    private static let admins: Set<Caller.Kind> = [.admin]
    private static let nodes: Set<Caller.Kind> = [.node]

    static let rows: [Route: Set<Caller.Kind>] = [
        Route(.operators, .get, "/healthz"): everyone,
        Route(.operators, .get, "/v1/authority"): everyone,
        Route(.operators, .post, "/v1/enrol"): everyone,
        Route(.operators, .post, "/v1/renew/challenge"): everyone,
        Route(.operators, .post, "/v1/renew/late"): everyone,
        Route(.operators, .get, "/v1/packages/agent/:arch"): everyone,
        Route(.operators, .get, "/v1/packages/agent/:arch/sha256"): everyone,
        Route(.operators, .post, "/v1/login"): everyone,

        Route(.operators, .get, "/v1/clusters"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/status"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/status/stream"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/spec"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/generations"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/events"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/events/stream"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/repairs"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/drill"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/firewall/:node"): viewers,

        Route(.operators, .get, "/v1/clusters/:cluster/stacks/:stack/secrets"): viewers,
        Route(.operators, .get, "/v1/clusters/:cluster/stacks/:stack/history"): viewers,

        Route(.operators, .get, "/v1/clusters/:cluster/credentials"): viewers,

        Route(.operators, .post, "/v1/apply"): operators,
        Route(.operators, .post, "/v1/clusters/:cluster/stacks/:stack/deploy"): operators,
        Route(.operators, .post, "/v1/clusters/:cluster/images"): operators,
        Route(.operators, .post, "/v1/clusters/:cluster/stacks/:stack/rollback"): operators,
        Route(.operators, .post, "/v1/clusters/:cluster/stacks/:stack/secrets/:secret/rotate"): operators,
        Route(.operators, .post, "/v1/clusters/:cluster/invitations"): operators,
        Route(.operators, .post, "/v1/clusters/:cluster/nodes/:node/:act"): operators,
        Route(.operators, .post, "/v1/clusters/:cluster/operations/:operation/abandon"): operators,

        Route(.operators, .post, "/v1/clusters/:cluster/drill"): operators,

        Route(.operators, .post, "/v1/clusters/:cluster/stacks/:stack/secrets/:secret/show"): admins,
        Route(.operators, .post, "/v1/clusters/:cluster/credentials"): admins,
        Route(.operators, .delete, "/v1/clusters/:cluster/credentials/:credential"): admins,
        Route(.operators, .post, "/v1/clusters/:cluster/down"): admins,
        Route(.operators, .get, "/v1/operators"): admins,
        Route(.operators, .post, "/v1/operators"): admins,
        Route(.operators, .delete, "/v1/operators/:name"): admins,

        Route(.operators, .get, "/"): viewers,
        Route(.operators, .get, "/live"): viewers,
        Route(.operators, .get, "/clusters/:cluster"): viewers,
        Route(.operators, .get, "/clusters/:cluster/live"): viewers,
        Route(.operators, .get, "/login"): everyone,
        Route(.operators, .post, "/login"): everyone,
        Route(.operators, .post, "/logout"): everyone,
        Route(.operators, .get, "/assets/:name"): everyone,

        Route(.agents, .post, "/v1/report"): nodes,
        Route(.agents, .post, "/v1/renew"): nodes,
    ]

    static func allows(_ route: Route, _ caller: Caller.Kind) -> Bool { rows[route]?.contains(caller) ?? false }
}
