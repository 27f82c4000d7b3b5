import Hummingbird

/// Which of the two doors a route stands at.
enum Listener: String, Sendable { case operators, agents }

/// A method and a path at a listener; `:x` stands for one part.
struct Route: Hashable, Sendable, CustomStringConvertible {
    let listener: Listener
    let method: HTTPRequest.Method
    let path: String

    init(_ listener: Listener, _ method: HTTPRequest.Method, _ path: String) {
        self.listener = listener
        self.method = method
        self.path = path
    }

    var description: String { "\(listener.rawValue) \(method.rawValue) \(path)" }
}

/// Who is asking.
enum Caller: Sendable {
    case anonymous
    case node
    /// By a bearer token, or by the dashboard's cookie.
    case person(name: String, role: OperatorRole, byCookie: Bool)

    enum Kind: String, CaseIterable, Sendable { case anonymous, node, viewer, `operator`, admin }

    var kind: Kind {
        switch self {
        case .anonymous: .anonymous
        case .node: .node
        case .person(_, .viewer, _): .viewer
        case .person(_, .operator, _): .operator
        case .person(_, .admin, _): .admin
        }
    }

    var name: String {
        switch self {
        case .anonymous: "anonymous"
        case .node: "node"
        case .person(let name, _, _): name
        }
    }
}
