import CoordinatorAuthority
import CoordinatorStore
import SkepModel

/// The way in for whoever is root on the coordinator's machine.
public enum FirstLogin {
    /// Writes a code's digest where the running coordinator finds it, and gives the code; good once, for ten minutes.
    public static func make(state: String, clock: WallClock = .system) async throws -> String {
        let store = try SQLiteStore(path: StateFolder.database(state))
        let code = Secret.text()
        try await store.addFirstLogin(hash: Secret.hash(code), expires: clock.now().advanced(by: OperatorService.firstLoginLimit))
        try store.close()
        return code
    }
}
