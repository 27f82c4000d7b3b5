internal import CCurl
internal import SkepSystem

/// One multi handle of libcurl, driven by the loop: curl says which sockets and which time it waits for.
@LoopActor final class Multi {
    /// A request under way; compared by identity, because curl uses the addresses of its handles again.
    private final class Running {
        let transfer: Transfer
        let done: OneShot<HTTPResponse>

        init(_ transfer: Transfer, _ done: OneShot<HTTPResponse>) {
            self.transfer = transfer
            self.done = done
        }
    }

    private let multi: UnsafeMutableRawPointer
    private var running: [UnsafeMutableRawPointer: Running] = [:]
    private var watches: [curl_socket_t: Watch] = [:]
    private var timer: Timer?
    private var isRetired = false
    private var isClosed = false

    init(idleConnections: Int) {
        Curl.start()
        guard let multi = curl_multi_init() else { fatalError("libcurl has no handle") }
        self.multi = multi
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, max(1, idleConnections))
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = ccurl_multi_set_socket(
            multi,
            { _, socket, what, context, _ in
                let multi = Multi.from(context)
                LoopActor.assumeIsolated { multi?.wants(socket, what) }
                return 0
            }, context)
        _ = ccurl_multi_set_timer(
            multi,
            { _, milliseconds, context in
                let multi = Multi.from(context)
                LoopActor.assumeIsolated { multi?.wantsTime(milliseconds) }
                return 0
            }, context)
    }

    private nonisolated static func from(_ context: UnsafeMutableRawPointer?) -> Multi? {
        context.map { Unmanaged<Multi>.fromOpaque($0).takeUnretainedValue() }
    }

    func perform(_ request: HTTPRequest, sink: Transfer.Sink, onHead: ((Int) -> Void)?) async throws -> HTTPResponse {
        try Task.checkCancellation()
        let easy = Curl.newEasy()
        let transfer = Transfer(easy, request, sink: sink, onHead: onHead)
        let run = Running(transfer, OneShot())
        do {
            try transfer.prepare()
            running[easy] = run
            let code = curl_multi_add_handle(multi, easy)
            guard code == CURLM_OK else {
                throw HTTPError(.protocol, String(cString: curl_multi_strerror(code)), address: transfer.address)
            }
        } catch {
            running[easy] = nil
            curl_easy_cleanup(easy)
            throw error
        }
        return try await run.done.value { self.finish(run, .failure(CancellationError())) }
    }

    /// No more requests; closes the connections once those under way have ended.
    func retire() {
        isRetired = true
        closeIfIdle()
    }

    private func closeIfIdle() {
        guard isRetired, running.isEmpty, !isClosed else { return }
        isClosed = true
        // Curl closes its sockets here and may still say so to the callbacks.
        curl_multi_cleanup(multi)
        timer?.cancel()
        for watch in watches.values { watch.cancel() }
        watches = [:]
    }

    // MARK: What curl waits for

    private func wants(_ socket: curl_socket_t, _ what: Int32) {
        guard what != CURL_POLL_REMOVE, !isClosed else {
            watches.removeValue(forKey: socket)?.cancel()
            return
        }
        var events: IOEvents = []
        if what & CURL_POLL_IN != 0 { events.insert(.readable) }
        if what & CURL_POLL_OUT != 0 { events.insert(.writable) }
        if let watch = watches[socket], (try? watch.update(events)) != nil { return }
        // None yet, or one of a socket of the same number that was closed without a word.
        watches.removeValue(forKey: socket)?.cancel()
        do {
            watches[socket] = try LoopActor.watch(socket, events) { [weak self] events in self?.ready(socket, events) }
        } catch {
            // The transfer's own deadline ends it.
            Log.error("cannot watch a connection", ["error": error])
        }
    }

    private func wantsTime(_ milliseconds: Int) {
        timer?.cancel()
        timer = nil
        guard milliseconds >= 0, !isClosed else { return }
        timer = LoopActor.schedule(after: .milliseconds(milliseconds)) { [weak self] in
            // CURL_SOCKET_TIMEOUT, a macro that Swift does not see.
            self?.act(-1, 0)
        }
    }

    private func ready(_ socket: curl_socket_t, _ events: IOEvents) {
        var mask: Int32 = 0
        if events.contains(.readable) || events.contains(.hangup) { mask |= CURL_CSELECT_IN }
        if events.contains(.writable) { mask |= CURL_CSELECT_OUT }
        if events.contains(.error) { mask |= CURL_CSELECT_ERR }
        act(socket, mask)
    }

    private func act(_ socket: curl_socket_t, _ mask: Int32) {
        guard !isClosed else { return }
        var left: Int32 = 0
        _ = curl_multi_socket_action(multi, socket, mask, &left)
        var code = CURLE_OK
        while !isClosed, let easy = ccurl_multi_finished(multi, &code) {
            guard let run = running[easy] else { continue }
            finish(run, run.transfer.result(code))
        }
    }

    private func finish(_ run: Running, _ result: Result<HTTPResponse, any Error>) {
        let easy = run.transfer.easy
        guard running[easy] === run else { return }
        running[easy] = nil
        curl_multi_remove_handle(multi, easy)
        curl_easy_cleanup(easy)
        run.done.finish(result)
        closeIfIdle()
    }
}
