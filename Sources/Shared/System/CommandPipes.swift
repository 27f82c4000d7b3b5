internal import CLinux
internal import Glibc

/// Our end of a child's standard input.
@LoopActor final class InputPipe {
    private let descriptor: Int32
    private let bytes: [UInt8]
    private var offset = 0
    private var watch: Watch?
    private var isOpen = true

    init(_ descriptor: Int32, _ bytes: [UInt8]) {
        self.descriptor = descriptor
        self.bytes = bytes
    }

    func start() throws(SystemError) {
        _ = clinux_set_nonblocking(descriptor)
        watch = try LoopActor.watch(descriptor, .writable) { _ in self.write() }
    }

    private func write() {
        while isOpen, offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                offset += count
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                break // The child does not want it; its exit status says whether that is an error.
            }
        }
        close()
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        watch?.cancel()
        watch = nil
        Glibc.close(descriptor)
    }
}

/// Our end of a child's standard output or error: keeps the first bytes up to a limit and reads on.
@LoopActor final class OutputPipe {
    var descriptor: Int32 = -1
    private(set) var bytes: [UInt8] = []
    private(set) var isTruncated = false

    private let limit: Int
    private let stream: CommandStream
    private let onLine: (@LoopActor (Substring, CommandStream) -> Void)?
    private var partial: [UInt8] = []
    private var watch: Watch?

    /// A line that is longer is told in pieces.
    static let lineLimit = 65536

    init(limit: Int, stream: CommandStream, onLine: (@LoopActor (Substring, CommandStream) -> Void)?) {
        self.limit = limit
        self.stream = stream
        self.onLine = onLine
    }

    func start() throws(SystemError) {
        _ = clinux_set_nonblocking(descriptor)
        watch = try LoopActor.watch(descriptor, .readable) { _ in self.read(rounds: 16) }
    }

    /// Reads what is there, without waiting for the other end to close.
    func drain() {
        // Bounded, because a grandchild may go on writing for ever: 16 MiB is more than a pipe holds.
        read(rounds: 256)
        flush()
    }

    private func read(rounds: Int) {
        var chunk = [UInt8](repeating: 0, count: 65536)
        for _ in 0..<rounds where descriptor >= 0 {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { return close() }
            keep(chunk[..<count])
        }
    }

    private func keep(_ chunk: ArraySlice<UInt8>) {
        let room = max(0, limit - bytes.count)
        bytes += chunk.prefix(room)
        if chunk.count > room { isTruncated = true }
        guard onLine != nil else { return }
        for byte in chunk {
            if byte == 10 || partial.count >= Self.lineLimit { flush() }
            if byte != 10 { partial.append(byte) }
        }
    }

    private func flush() {
        guard let onLine, !partial.isEmpty else { return }
        let line = String(decoding: partial, as: UTF8.self)
        partial.removeAll(keepingCapacity: true)
        onLine(line[...], stream)
    }

    func close() {
        guard descriptor >= 0 else { return }
        watch?.cancel()
        watch = nil
        Glibc.close(descriptor)
        descriptor = -1
    }
}
