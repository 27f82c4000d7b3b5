import Glibc
import SkepHTTP
import SkepSystem
import Testing

@Suite struct ClientTests {
    private let server: StubServer

    init() throws {
        EventLoop.runInBackground()
        server = try StubServer()
    }

    private func request(_ path: String, _ method: HTTPRequest.Method = .get, body: [UInt8]? = nil) -> HTTPRequest {
        HTTPRequest(method, server.url + path, body: body)
    }

    @LoopActor @Test func anAnswerHasStatusHeadersAndBody() async throws {
        let client = HTTPClient()
        let hello = try await client.send(request("/"))
        #expect(hello.status == 200 && hello.isSuccess)
        #expect(hello.text == "hello")
        #expect(hello.header("x-test") == "spaced")
        #expect(hello.remoteAddress == "127.0.0.1" && hello.localAddress == "127.0.0.1")
        let missing = try await client.send(request("/missing"))
        #expect(missing.status == 404 && !missing.isSuccess)
        #expect(missing.text == "no such thing")
    }

    @LoopActor @Test func bodiesAndMethodsGoOut() async throws {
        let client = HTTPClient()
        let bytes = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try await client.send(request("/echo", .put, body: bytes)).body == bytes)
        #expect(try await client.send(request("/echo", .post)).body == [])
        var delete = request("/head", .delete)
        delete.setHeader("X-Skep", "1")
        delete.setHeader("x-skep", "2")
        let head = try await client.send(delete).text
        #expect(head.hasPrefix("DELETE /head HTTP/1.1\r\n"))
        #expect(head.contains("x-skep: 2") && !head.contains("X-Skep: 1"))
        #expect(head.contains("User-Agent: skep"))
        #expect(!server.seen.requests.contains { $0.contains("Expect:") })
        #expect(server.seen.requests[0].contains("Content-Type: application/json"))
        delete.setHeader("X-Skep", "1\r\nX-Other: 2")
        await #expect(throws: HTTPError(.protocol, "", address: "")) { try await client.send(delete) }
        let headers = try await client.send(request("/big", .head))
        #expect(headers.status == 200 && headers.body.isEmpty)
    }

    @LoopActor @Test func oneConnectionIsKept() async throws {
        let client = HTTPClient()
        #expect(try await client.send(request("/")).openedConnection)
        for _ in 0..<5 { #expect(try await !client.send(request("/")).openedConnection) }
        #expect(server.seen.connections == 1)
    }

    @LoopActor @Test func aSecondConnectionIsLetGo() async throws {
        let client = HTTPClient()
        async let held = client.send(request("/held"))
        #expect(try await server.saw { $0.requests.count == 1 })
        #expect(try await client.send(request("/")).openedConnection)
        server.release()
        #expect(try await held.text == "held")
        #expect(try await !client.send(request("/")).openedConnection)
        #expect(try await server.saw { $0.closed == 1 })
        #expect(server.seen.connections == 2)
    }

    @LoopActor @Test func resetMakesNewConnectionsAndLetsOthersEnd() async throws {
        let client = HTTPClient()
        _ = try await client.send(request("/"))
        client.reset()
        #expect(try await server.saw { $0.closed == 1 })
        async let held = client.send(request("/held"))
        #expect(try await server.saw { $0.requests.count == 2 })
        client.reset()
        #expect(try await client.send(request("/")).openedConnection)
        server.release()
        #expect(try await held.text == "held")
        #expect(try await server.saw { $0.closed == 2 })
        #expect(server.seen.connections == 3)
    }

    @LoopActor @Test func aFreshConnectionIsForOneRequest() async throws {
        let client = HTTPClient()
        _ = try await client.send(request("/"))
        var fresh = request("/")
        fresh.freshConnection = true
        #expect(try await client.send(fresh).openedConnection)
        #expect(try await !client.send(request("/")).openedConnection)
    }

    @LoopActor @Test func aClientThatGoesClosesItsConnections() async throws {
        var client: HTTPClient? = HTTPClient()
        _ = try await client?.send(request("/"))
        client = nil
        #expect(try await server.saw { $0.closed == 1 })
    }

    @LoopActor @Test func manyAtOnceDoNotWaitForEachOther() async throws {
        let client = HTTPClient()
        let held = request("/held")
        let tasks = (0..<40).map { _ in Task { @LoopActor in try await client.send(held).text } }
        #expect(try await server.saw { $0.requests.count == 40 })
        server.release()
        for task in tasks { #expect(try await task.value == "held") }
        #expect(try await server.saw { $0.closed == 39 })
    }

    @LoopActor @Test func unixSockets() async throws {
        let path = "/tmp/skep-http-\(SystemRandom.hex(6)).sock"
        let local = try StubServer(unixSocket: path)
        defer { try? Files.remove(path) }
        var request = HTTPRequest(.get, "http://docker/v1.41/info")
        request.unixSocket = path
        #expect(try await HTTPClient().send(request).text == "hello")
        #expect(local.seen.requests.first?.hasPrefix("GET /v1.41/info HTTP/1.1\r\nHost: docker\r\n") == true)
        request.unixSocket = "/nowhere.sock"
        await #expect(throws: HTTPError(.unreachable, "", address: "")) { try await HTTPClient().send(request) }
    }

    @LoopActor @Test func anotherAddressMayBeConnectedTo() async throws {
        var request = HTTPRequest(.get, "http://coordinator.invalid:7443/head")
        request.connectTo = "127.0.0.1:\(server.port)"
        #expect(try await HTTPClient().send(request).text.contains("Host: coordinator.invalid:7443"))
    }

    @LoopActor private func code(_ client: HTTPClient, _ request: HTTPRequest) async -> HTTPError.Code? {
        do {
            _ = try await client.send(request)
            return nil
        } catch {
            return (error as? HTTPError)?.code
        }
    }

    @LoopActor @Test func failuresHaveACode() async throws {
        let client = HTTPClient()
        var late = request("/silent")
        late.deadline = .milliseconds(100)
        #expect(await code(client, late) == .timeout)
        var quiet = request("/silent")
        quiet.idleDeadline = .seconds(1)
        #expect(await code(client, quiet) == .timeout)
        var big = request("/big")
        big.responseLimit = (1 << 20) - 1
        #expect(await code(client, big) == .tooLarge)
        big.responseLimit = 1 << 20
        #expect(await code(client, big) == nil)
        #expect(await code(client, request("/hangup")) == .interrupted)
        #expect(await code(client, request("/half")) == .interrupted)
        #expect(await code(client, request("/noise")) == .protocol)
        #expect(await code(client, HTTPRequest(.get, "ftp://127.0.0.1/")) == .protocol)
        #expect(await code(client, HTTPRequest(.get, "http://127.0.0.1:1/")) == .unreachable)
        #expect(await code(client, HTTPRequest(.get, "http://name.invalid/")) == .unreachable)
    }

    @LoopActor @Test func anErrorNamesTheAddressAndCurlsReason() async throws {
        let error = await #expect(throws: HTTPError.self) { try await HTTPClient().send(HTTPRequest(.get, "http://127.0.0.1:1/x")) }
        #expect(error?.address == "http://127.0.0.1:1/x")
        #expect(error?.message.contains("Couldn't connect to server") == true)
    }

    @LoopActor @Test func cancellingEndsARequestAtOnce() async throws {
        let client = HTTPClient()
        let silent = request("/silent")
        let task = Task { @LoopActor in try await client.send(silent) }
        #expect(try await server.saw { $0.requests.count == 1 })
        let begin = SystemClock.monotonicMilliseconds()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(SystemClock.monotonicMilliseconds() - begin < 20_000)
        #expect(try await server.saw { $0.closed == 1 })
        #expect(try await client.send(request("/")).text == "hello")
    }

    @LoopActor @Test func streamsComeInPieces() async throws {
        let client = HTTPClient(idleConnections: 2)
        var pieces: [String] = []
        var status = 0
        let response = try await client.stream(request("/stream"), onHead: { status = $0 }) { bytes in
            #expect(status == 200)
            pieces.append(String(decoding: bytes, as: UTF8.self))
        }
        #expect(pieces == ["0\n", "1\n", "2\n", "3\n", "4\n"])
        #expect(response.status == 200 && response.body.isEmpty)
        let missing = try await client.stream(request("/missing")) { _ in Issue.record("an error's body is no piece of a stream") }
        #expect(missing.status == 404 && missing.text == "no such thing")
    }

    @LoopActor @Test func aStreamEndsWhenItsReaderHasEnough() async throws {
        struct Enough: Error {}
        var endless = request("/endless")
        endless.deadline = nil
        var count = 0
        await #expect(throws: Enough.self) {
            _ = try await HTTPClient().stream(endless) { _ in
                count += 1
                if count == 3 { throw Enough() }
            }
        }
        #expect(count == 3)
        let forever = endless
        let task = Task { @LoopActor in try await HTTPClient().stream(forever) { _ in } }
        #expect(try await server.saw { $0.requests.count == 2 })
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func theWaitingClientDoesTheSame() throws {
        let client = BlockingHTTPClient()
        #expect(try client.perform(request("/")).text == "hello")
        #expect(try !client.perform(request("/echo", .post, body: [1, 2])).openedConnection)
        #expect(throws: HTTPError(.interrupted, "", address: "")) { try client.perform(request("/half")) }
        var pieces = 0
        let response = try client.perform(request("/endless")) { _ in
            pieces += 1
            return pieces < 3
        }
        #expect(pieces == 3 && response.status == 200)
        #expect(try client.perform(request("/missing")) { _ in true }.text == "no such thing")
        #expect(try client.perform(request("/")).text == "hello")
    }
}
