internal import SkepSystem

/// `skep.prom`, which a monitoring system reads from a container: the folder is bound there, and stays the same one.
enum MetricsFile {
    /// It may be lost with the power; a failure to write it harms nobody else.
    static func write(_ text: String, to folder: String) {
        do {
            if !Files.exists(folder) { try Files.makeDirectory(folder, mode: 0o755) }
            _ = try AtomicFile.writeIfChanged("\(folder)/skep.prom", text, mode: 0o644)
        } catch {
            Log.debug("the metrics cannot be written", ["error": "\(error)"])
        }
    }
}
