internal import CLinux

/// The machine's clocks, read by shells only: cores are given the time.
public enum SystemClock {
    /// Milliseconds since 1970, as the machine believes.
    public static func wallMilliseconds() -> Int64 {
        clinux_walltime() / 1_000_000
    }

    /// Milliseconds since boot, time spent suspended included; never goes back.
    public static func monotonicMilliseconds() -> Int64 {
        clinux_boottime() / 1_000_000
    }

    static func nanoseconds() -> Int64 {
        clinux_boottime()
    }
}

extension Duration {
    /// Whole nanoseconds, held within what 64 bits can say.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole milliseconds, rounded down.
    public var wholeMilliseconds: Int64 {
        nanoseconds / 1_000_000
    }
}
