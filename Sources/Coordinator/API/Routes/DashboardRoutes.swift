import CoordinatorDashboard
import CoordinatorStore
import Foundation
import HTTPTypes
import Hummingbird
import SkepModel
import SkepWire

/// The pages: the same answers as the API's, rendered.
struct DashboardRoutes: Sendable {
    let doorkeeper: Doorkeeper
    let registry: ClusterRegistry
    let store: any Store
    let operators: OperatorService
    let pages: DashboardPages

    func add(to router: Router<CoordinatorContext>) {
        doorkeeper.add(Route(.operators, .get, "/"), to: router) { _, _, caller in
            page(pages.overview(await all(), viewer: viewer(caller)))
        }
        doorkeeper.add(Route(.operators, .get, "/live"), to: router) { _, _, _ in
            EventStream.response(on: registry.changed, atLeast: 1000, always: true) {
                EventStream.message(event: "status", data: pages.overviewFragment(await all()))
            }
        }
        doorkeeper.add(Route(.operators, .get, "/clusters/:cluster"), to: router) { _, context, caller in
            guard let runtime = await cluster(context) else {
                return page(pages.notFound(viewer: viewer(caller)), status: .notFound)
            }
            return page(pages.cluster(await runtime.status(), events: try await events(runtime), viewer: viewer(caller)))
        }
        doorkeeper.add(Route(.operators, .get, "/clusters/:cluster/live"), to: router) { _, context, _ in
            guard let runtime = await cluster(context) else { throw Refusal.notFound("there is no such cluster here") }
            return EventStream.response(on: runtime.changed, atLeast: 1000, always: true) {
                EventStream.message(
                    event: "status", data: pages.clusterFragment(await runtime.status(), events: try await events(runtime)))
            }
        }
        doorkeeper.add(Route(.operators, .get, "/assets/:name"), to: router) { _, context, _ in
            guard let asset = DashboardPages.assets.first(where: { $0.path == "/assets/" + (context.parameters.get("name") ?? "") }) else {
                throw Refusal.notFound("there is no such file")
            }
            return Response(
                status: .ok, headers: [.contentType: asset.contentType, .cacheControl: "max-age=3600"],
                body: .init(byteBuffer: ByteBuffer(string: asset.body)))
        }
        addLogin(to: router)
    }

    private func addLogin(to router: Router<CoordinatorContext>) {
        doorkeeper.add(Route(.operators, .get, "/login"), to: router) { _, _, _ in page(pages.login(error: nil)) }
        doorkeeper.add(Route(.operators, .post, "/login"), to: router) { request, context, _ in
            guard !doorkeeper.refusals.isBlocked("BadLogin", caller: context.address) else {
                return page(pages.login(error: "Too many attempts: wait a minute."), status: .tooManyRequests)
            }
            let form = try await Answers.bytes(of: request, limit: 16 * 1024)
            guard let code = Self.field("code", of: String(buffer: form)), let answer = try await operators.login(code: code, name: nil) else {
                doorkeeper.refusals.note("BadLogin", caller: context.address)
                return page(pages.login(error: "This login is not good (any more)."), status: .unauthorized)
            }
            // The first login gives a permanent token; the browser gets a session of its own.
            let session = answer.token.hasPrefix("skeps.") ? answer.token : try await operators.session(for: answer.operatorName)
            var response = Doorkeeper.redirect("/")
            response.setCookie(Self.cookie(session, age: Int(OperatorService.sessionLimit / 1000)))
            return response
        }
        doorkeeper.add(Route(.operators, .post, "/logout"), to: router) { request, _, _ in
            if let session = request.cookies[Doorkeeper.cookie]?.value { try await operators.logout(session: session) }
            var response = Doorkeeper.redirect("/login")
            response.setCookie(Self.cookie("", age: 0))
            return response
        }
    }

    private func page(_ html: String, status: HTTPResponse.Status = .ok) -> Response {
        var response = Answers.text(html, type: "text/html; charset=utf-8", status: status)
        response.headers[.contentSecurityPolicy] = DashboardPages.contentSecurityPolicy
        response.headers[.xContentTypeOptions] = "nosniff"
        if let referrer = HTTPField.Name("Referrer-Policy") { response.headers[referrer] = "same-origin" }
        return response
    }

    private func all() async -> [StatusAnswer] {
        var answers: [StatusAnswer] = []
        for runtime in await registry.all() { answers.append(await runtime.status()) }
        return answers
    }

    private func events(_ runtime: ClusterRuntime) async throws -> [Event] {
        try await store.events(of: runtime.name, after: nil, limit: 50).reversed()
    }

    private func cluster(_ context: CoordinatorContext) async -> ClusterRuntime? {
        guard let name = ClusterName(rawValue: context.parameters.get("cluster") ?? "") else { return nil }
        return await registry.runtime(name)
    }

    private func viewer(_ caller: Caller) -> Viewer { Viewer(name: caller.name, role: caller.kind.rawValue) }

    private static func cookie(_ value: String, age: Int) -> Cookie {
        Cookie(name: Doorkeeper.cookie, value: value, maxAge: age, path: "/", secure: true, httpOnly: true, sameSite: .strict)
    }

    private static func field(_ name: String, of form: String) -> String? {
        var components = URLComponents()
        components.percentEncodedQuery = form.replacingOccurrences(of: "+", with: "%20")
        return components.queryItems?.first { $0.name == name }?.value
    }
}
