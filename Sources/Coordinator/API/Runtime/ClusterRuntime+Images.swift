import CoordinatorCore
import SkepModel
import SkepWire

/// Images that are looked up by a manager, as the nodes would pull them.
extension ClusterRuntime {
    private static let imageLimit = 200
    /// A manager's engine gives a registry ten seconds.
    private static let patience: Int64 = 45_000

    /// Asks the acting manager, one request at a time, and waits for its answer.
    func lookUp(_ request: ImagesRequest) async throws -> ImagesAnswer {
        guard !request.images.isEmpty else { return ImagesAnswer(findings: [:]) }
        guard request.images.count <= Self.imageLimit, request.images.allSatisfy({ (1...512).contains($0.utf8.count) }), request.logins.count <= 50
        else {
            throw Refusal(.unprocessableContent, "TooMany", "at most \(Self.imageLimit) images of 512 bytes and 50 logins are looked up at once")
        }
        let until = tools.clock.now().advanced(by: Self.patience)
        while images != nil {
            guard tools.clock.now() < until else { throw Refusal(.conflict, "Busy", "others have images looked up just now: try again") }
            try await Task.sleep(for: .milliseconds(200))
        }
        guard let acting = record.actingManager, let node = nodes[acting] else {
            throw Refusal(.conflict, "NoManager", "no manager acts for \(name) yet, which could look images up: wait until its swarm stands")
        }
        let wish = ImageRequest(round: Int(tools.clock.now().milliseconds), images: Set(request.images).sorted(), logins: request.logins)
        images = wish
        defer { if images == wish { images = nil } }
        await settle()
        while tools.clock.now() < until {
            if let report = nodes[acting]?.status?.images, report.round == wish.round {
                return ImagesAnswer(findings: report.findings, manager: node.name)
            }
            let turn = changed.turn
            _ = await changed.wait(after: turn, within: 300)
        }
        throw Refusal(
            .conflict, "NoAnswer",
            "\(node.name), which acts for \(name), did not look the images up in \(Self.patience / 1000) s: is it heard? skep status")
    }
}
