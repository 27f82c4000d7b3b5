import Foundation
import NIOCore
import ServiceLifecycle

/// One of the two listeners. That it cannot listen is said with the address, the cause and what to do.
struct NamedListener: Service {
    let service: any Service
    let listener: Listener
    let endpoint: CoordinatorConfiguration.Endpoint
    let bound: BoundPorts

    func run() async throws {
        do {
            try await service.run()
        } catch  where !bound.isKnown(listener) && !(error is CancellationError) {
            throw ListenError(listener: listener, endpoint: endpoint, cause: error)
        }
    }
}

/// Why a listener did not begin.
struct ListenError: Error, CustomStringConvertible {
    let listener: Listener
    let endpoint: CoordinatorConfiguration.Endpoint
    let cause: any Error

    var description: String {
        let (who, option) = listener == .operators ? ("operators", "listen") : ("agents", "agents")
        let code = (cause as? IOError)?.errnoCode
        let reason = code.map { String(cString: strerror($0)) } ?? "\(cause)"
        let advice =
            switch code {
            case EADDRINUSE:
                "another program has the port (`ss -ltnp 'sport = :\(endpoint.port)'` names it): end it, or choose another by '\(option)'"
            case EADDRNOTAVAIL: "this machine has no such address (`ip address` names those that it has): choose one by '\(option)'"
            case EACCES: "ports below 1024 are for root alone: choose another by '\(option)'"
            default: "choose another address by '\(option)', host:port"
            }
        return "cannot listen for \(who) on \(endpoint.text): \(reason); \(advice)"
    }
}
