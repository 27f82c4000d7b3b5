/// A service in `GET /services?status=true`.
struct ServiceEntry: Decodable, Sendable {
    struct Empty: Decodable, Sendable {}
    struct Count: Decodable, Sendable { var Replicas: Int? }
    struct JobCount: Decodable, Sendable { var TotalCompletions: Int? }
    struct Modes: Decodable, Sendable {
        var Replicated: Count?
        var Global: Empty?
        var ReplicatedJob: JobCount?
        var GlobalJob: Empty?
    }
    struct Places: Decodable, Sendable { var Constraints: [String]? }
    struct Attachment: Decodable, Sendable { var Target: String? }
    struct VirtualAddress: Decodable, Sendable { var NetworkID: String? }
    struct Container: Decodable, Sendable { var Image: String? }
    struct Template: Decodable, Sendable {
        var ContainerSpec: Container?
        var Networks: [Attachment]?
        var Placement: Places?
    }
    struct Port: Decodable, Sendable {
        var PublishMode: String?
        var PublishedPort: Int?
        var `Protocol`: String?
    }
    struct EndpointPart: Decodable, Sendable {
        var Ports: [Port]?
        var VirtualIPs: [VirtualAddress]?
    }
    struct Specification: Decodable, Sendable {
        var Name: String
        var Labels: [String: String]?
        var TaskTemplate: Template?
        var Mode: Modes?
        var EndpointSpec: EndpointPart?
        /// Where engines before 1.13 kept what is now the template's.
        var Networks: [Attachment]?
    }
    struct Update: Decodable, Sendable {
        var State: String?
        var Message: String?
    }
    struct Figures: Decodable, Sendable {
        var RunningTasks: Int?
        var DesiredTasks: Int?
        var CompletedTasks: Int?
    }

    var ID: String
    var Spec: Specification
    var UpdateStatus: Update?
    var ServiceStatus: Figures?
    /// As the swarm has it, with the ports that it chose.
    var Endpoint: EndpointPart?
    /// Of all that `Spec` holds, not only of what is read here.
    var digest: ServiceDigest

    private enum CodingKeys: String, CodingKey { case ID, Spec, UpdateStatus, ServiceStatus, Endpoint }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        ID = try container.decode(String.self, forKey: .ID)
        Spec = try container.decode(Specification.self, forKey: .Spec)
        UpdateStatus = try container.decodeIfPresent(Update.self, forKey: .UpdateStatus)
        ServiceStatus = try container.decodeIfPresent(Figures.self, forKey: .ServiceStatus)
        Endpoint = try container.decodeIfPresent(EndpointPart.self, forKey: .Endpoint)
        digest = try container.decode(ServiceDigest.self, forKey: .Spec)
    }

    /// Ids of the networks that its tasks are on, but for the ingress network.
    var networks: Set<String> { Set((Spec.TaskTemplate?.Networks ?? Spec.Networks ?? []).compactMap(\.Target)) }
    /// Ids of the networks in which it has an address of its own.
    var virtualNetworks: Set<String> { Set((Endpoint?.VirtualIPs ?? []).compactMap(\.NetworkID)) }
    var labels: [String: String] { Spec.Labels ?? [:] }
    var stack: String? { labels[SkepLabel.stack] }
    var isOurs: Bool { SkepLabel.isOurs(Spec.Labels) }
    var constraints: [String] { Spec.TaskTemplate?.Placement?.Constraints ?? [] }
    var isGlobal: Bool { Spec.Mode?.Global != nil || Spec.Mode?.GlobalJob != nil }
    var isJob: Bool { Spec.Mode?.ReplicatedJob != nil || Spec.Mode?.GlobalJob != nil }
    var isUpdating: Bool { ["updating", "rollback_started"].contains(UpdateStatus?.State ?? "") }
    /// The last update stopped or was taken back, and Docker says why.
    var hasFailedUpdate: Bool { ["paused", "rollback_paused", "rollback_completed"].contains(UpdateStatus?.State ?? "") }
    /// The last update is being taken back, or was: the service's specification is the former one from the first moment on.
    var wasTakenBack: Bool { ["rollback_started", "rollback_completed", "rollback_paused"].contains(UpdateStatus?.State ?? "") }
    /// TCP ports that the ingress mesh answers on every node.
    var meshPorts: [UInt16] {
        let ports = (Endpoint?.Ports ?? []).filter { $0.PublishMode != "host" && $0.Protocol ?? "tcp" == "tcp" }
        return Set(ports.compactMap { $0.PublishedPort.flatMap { UInt16(exactly: $0) } }).subtracting([0]).sorted()
    }
    var publishesThroughIngress: Bool { Spec.EndpointSpec?.Ports?.contains { $0.PublishMode != "host" } ?? false }
}

/// A task in `GET /tasks`.
struct TaskEntry: Decodable, Sendable {
    struct State: Decodable, Sendable {
        var Timestamp: String?
        var State: String?
        var Message: String?
        var Err: String?
    }

    var ID: String
    var ServiceID: String?
    var NodeID: String?
    /// Of a replicated service; a global one has a task on each node.
    var Slot: Int?
    var DesiredState: String?
    var Status: State?

    /// The time of the last change in a form that sorts: Go drops the zeros at a fraction's end.
    var changed: String {
        let text = (Status?.Timestamp ?? "").prefix { $0 != "Z" }
        guard let point = text.firstIndex(of: ".") else { return text + ".000000000" }
        let fraction = text[text.index(after: point)...]
        return text + String(repeating: "0", count: max(0, 9 - fraction.count))
    }
}
