import ArgumentParser
import SkepModel
import SkepWire

/// Which coordinator, which cluster.
struct Session: ParsableArguments {
    @Option(help: ArgumentHelp("The coordinator; the one that was logged in to last when there is none.", valueName: "url"))
    var coordinator: String?

    @Option(help: ArgumentHelp("The cluster; the only one when there is none.", valueName: "name"))
    var cluster: String?

    func client() throws -> CoordinatorClient {
        let (url, entry) = try Credentials.load().entry(coordinator)
        return CoordinatorClient(address: try CoordinatorAddress(url), authority: entry.authority, token: entry.token)
    }

    /// The path of the cluster that is meant.
    func clusterPath(_ client: CoordinatorClient) throws -> String { "/v1/clusters/\(try clusterName(client))" }

    /// The path of a stack of the cluster that is meant.
    func stackPath(_ stack: String, _ client: CoordinatorClient) throws -> String {
        "\(try clusterPath(client))/stacks/\(try PathSegment.checked(stack, "stack"))"
    }

    func clusterName(_ client: CoordinatorClient) throws -> String {
        if let cluster { return try PathSegment.checked(cluster, "cluster") }
        let names = try client.get("/v1/clusters", ClustersAnswer.self).clusters.map(\.name.rawValue)
        guard let first = names.first else { throw CommandFailure(.failed, "there is no cluster yet: skep apply -f FILE") }
        guard names.count == 1 else {
            throw CommandFailure(.usage, "there are several clusters: say --cluster \(names.joined(separator: " or --cluster "))")
        }
        return first
    }

    func status(_ client: CoordinatorClient) throws -> StatusAnswer { try client.get("\(clusterPath(client))/status") }
}

/// Names become parts of paths only when they need no escape.
enum PathSegment {
    static func checked(_ text: String, _ what: String) throws -> String {
        guard !text.isEmpty, text.utf8.count <= 128, text != ".", text != "..",
            text.utf8.allSatisfy({ (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) || [0x2d, 0x2e, 0x5f, 0x40].contains($0) })
        else { throw CommandFailure(.usage, "'\(text)' cannot be the name of a \(what)") }
        return text
    }
}

/// `--json`.
struct JSONFlag: ParsableArguments {
    @Flag(help: "Print JSON, whose form is stable.")
    var json = false
}
