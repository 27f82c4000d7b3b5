/// A container of this engine, as `GET /containers/json` lists it.
struct ContainerEntry: Decodable, Sendable {
    struct MountPart: Decodable, Sendable {
        /// bind, volume, tmpfs, …
        var `Type`: String?
        var Source: String?
        var Destination: String?
    }

    var Id: String
    var Names: [String]?
    var Labels: [String: String]?
    var Mounts: [MountPart]?

    var name: String { (Names?.first).map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 } ?? String(Id.prefix(12)) }
    var isTask: Bool { Labels?["com.docker.swarm.task.id"] != nil }
}

/// What of `GET /containers/<id>/json` is read.
struct ContainerDetail: Decodable, Sendable {
    struct StatePart: Decodable, Sendable {
        /// 0 when it does not run.
        var Pid: Int
    }
    var State: StatePart
}
