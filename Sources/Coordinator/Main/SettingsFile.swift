import CoordinatorAPI
import CoordinatorCore
import Foundation
import SkepSystem
import SkepYAML

/// What the coordinator is started with: a file, over it the environment, over both the flags.
struct SettingsFile {
    static let path = "/etc/skep/coordinator.yaml"
    static let keys = [
        "state", "listen", "agents", "advertise", "packages", "beat", "suspect-after", "down-after", "time-factor", "max-connections",
        "certificate-seconds",
    ]

    struct Failure: Error, CustomStringConvertible { let description: String }

    private var values: [String: [String]] = [:]

    /// Reads the file, which may be absent unless it was named, and `SKEP_…` of the environment.
    init(path: String?, environment: [String: String]) throws {
        if let bytes = try Files.readIfPresent(path ?? Self.path) {
            try read(String(decoding: bytes, as: UTF8.self), file: path ?? Self.path)
        } else if let path {
            throw Failure(description: "there is no file \(path)")
        }
        for key in Self.keys {
            if let text = environment["SKEP_" + key.uppercased().replacingOccurrences(of: "-", with: "_")] { set(key, text) }
        }
    }

    /// A flag, if it was given.
    mutating func set(_ key: String, _ text: String?) {
        guard let text else { return }
        values[key] = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    private mutating func read(_ text: String, file: String) throws {
        guard let root = try YAMLReader.read(text, file: file), !root.isNull else { return }
        guard let entries = root.map else { throw Failure(description: "\(file): expected lines of 'key: value'") }
        for entry in entries {
            guard Self.keys.contains(entry.key) else {
                throw Failure(
                    description: "\(file):\(entry.line):\(entry.column): unknown key '\(entry.key)'; known: \(Self.keys.joined(separator: ", "))")
            }
            if let scalar = entry.value.scalar {
                set(entry.key, scalar.text)
            } else if let list = entry.value.list {
                values[entry.key] = list.compactMap(\.scalar?.text)
            } else {
                throw Failure(description: "\(file):\(entry.line):\(entry.column): '\(entry.key)' must be a text or a list of texts")
            }
        }
    }

    var state: String { values["state"]?.first ?? "/var/lib/skep-coordinator" }

    func configuration(version: String) throws -> CoordinatorConfiguration {
        let factor = try number("time-factor", 1.0, in: 0.01...100)
        func milliseconds(_ value: Double) -> Int64 { Int64(value * factor) }
        let beat = try number("beat", 5, in: 1...300)
        let suspectAfter = try number("suspect-after", 2 * beat, in: 1...3600)
        let downAfter = try number("down-after", 1.5 * suspectAfter, in: 1...3600)
        guard beat < suspectAfter, suspectAfter < downAfter else {
            throw Failure(
                description:
                    "beat (\(beat) s), suspect-after (\(suspectAfter) s) and down-after (\(downAfter) s) must each be longer than the one before")
        }
        let machine = try Files.readIfPresent("/etc/machine-id").map { String(decoding: $0, as: UTF8.self) }
        return CoordinatorConfiguration(
            state: state, operators: try endpoint("listen", port: 7443), agents: try endpoint("agents", port: 7444),
            advertise: values["advertise"] ?? [ProcessInfo.processInfo.hostName],
            packages: values["packages"]?.first ?? "/usr/share/skep/packages",
            settings: Settings(
                beat: Int(milliseconds(1000 * beat)), suspectAfter: milliseconds(1000 * suspectAfter), downAfter: milliseconds(1000 * downAfter),
                deployDeadline: milliseconds(600_000), joinDeadline: milliseconds(300_000),
                swarmHeartbeat: factor > 1 ? milliseconds(5000) : nil),
            maximumConnections: Int(try number("max-connections", 8192, in: 16...1_000_000)),
            machineID: machine?.trimmingCharacters(in: .whitespacesAndNewlines),
            certificateSeconds: Int64(try number("certificate-seconds", 86_400, in: 10...31_536_000)), version: version)
    }

    private func endpoint(_ key: String, port: Int) throws -> CoordinatorConfiguration.Endpoint {
        guard let text = values[key]?.first else { return .init(host: "::", port: port) }
        guard let endpoint = CoordinatorConfiguration.Endpoint(text, defaultPort: port) else {
            throw Failure(description: "\(key): '\(text)' is no address like 0.0.0.0:\(port) or [::]:\(port)")
        }
        return endpoint
    }

    private func number(_ key: String, _ standard: Double, in range: ClosedRange<Double>) throws -> Double {
        guard let text = values[key]?.first else { return standard }
        guard let number = Double(text), range.contains(number) else {
            throw Failure(description: "\(key): '\(text)' is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
