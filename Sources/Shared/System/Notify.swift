internal import CLinux
internal import Glibc

/// Messages to the service manager, after sd_notify(3); nothing happens where NOTIFY_SOCKET is not set.
public enum Notify {
    /// The service has started.
    public static func ready(status: String? = nil) {
        send(["READY=1"] + (status.map { [line($0)] } ?? []))
    }

    /// One line for `systemctl status`.
    public static func status(_ text: String) {
        send([line(text)])
    }

    /// The service reads its settings again; ``ready(status:)`` ends it.
    public static func reloading() {
        send(["RELOADING=1", "MONOTONIC_USEC=\(SystemClock.monotonicMilliseconds() * 1000)"])
    }

    /// The service ends.
    public static func stopping() {
        send(["STOPPING=1"])
    }

    /// The service lives.
    public static func watchdog() {
        send(["WATCHDOG=1"])
    }

    /// How often the manager wants to hear from this process, when it does.
    public static var watchdogInterval: Duration? {
        guard let text = environment("WATCHDOG_USEC"), let microseconds = Int64(text), microseconds > 0 else { return nil }
        if let owner = environment("WATCHDOG_PID"), owner != String(getpid()) { return nil }
        return .microseconds(microseconds)
    }

    /// Says from the loop, at half the wanted interval, that the service lives: a blocked loop falls silent and is restarted.
    @LoopActor public static func startWatchdog() {
        guard let interval = watchdogInterval else { return }
        beat(every: interval / 2)
    }

    @LoopActor private static func beat(every interval: Duration) {
        watchdog()
        LoopActor.schedule(after: interval) { beat(every: interval) }
    }

    private static func line(_ text: String) -> String {
        "STATUS=" + String(text.map { $0.isNewline ? " " : $0 })
    }

    private static func send(_ lines: [String]) {
        guard let path = environment("NOTIFY_SOCKET"), path.hasPrefix("/") || path.hasPrefix("@") else { return }
        let socket = clinux_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let bytes = Array(lines.joined(separator: "\n").utf8)
        // Nobody to tell when the manager does not listen: it will act on our silence.
        _ = clinux_send_path(socket, bytes, bytes.count, path)
    }
}

func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}
