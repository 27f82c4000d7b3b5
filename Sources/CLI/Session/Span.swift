import ArgumentParser

/// A length of time as people write it: `90d`, `12h`, `30m`, `45s`.
struct Span: ExpressibleByArgument, Equatable {
    let seconds: Int64

    init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000]
        guard let last = argument.last, let unit = units[last], argument.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(argument.dropLast()), count > 0, !count.multipliedReportingOverflow(by: unit).overflow
        else { return nil }
        seconds = count * unit
    }

    /// What help shows as the default.
    var defaultValueDescription: String { seconds % 86_400 == 0 ? "\(seconds / 86_400)d" : "\(seconds)s" }
}
