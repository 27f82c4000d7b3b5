import CoordinatorAuthority
import CoordinatorCore
import Foundation
import SkepCrypto
import SkepHTTP
import SkepModel
import SkepWire
import SwiftASN1
import Testing
import X509

@testable import CoordinatorAPI

/// Docker's API over TLS: who may use it.
@Suite(.serialized) struct CredentialTests {
    private static let path = "/v1/clusters/geneva/credentials"
    private static let file = Fixture.file + "docker: {tls-api: {names: [swarm.acme.ch, 203.0.113.7]}}\nstacks: {}\n"

    private func create(_ fixture: Fixture, _ name: String, seconds: Int64 = 3600, key: P256Key? = nil) async throws -> CredentialAnswer {
        let key = try key ?? P256Key.generate()
        return try await fixture.post(
            Self.path, CredentialRequest(name: name, seconds: seconds, request: try key.request(commonName: name)))
    }

    /// A manager that has the address 10.77.0.11 and asks for a certificate.
    private func manager(_ fixture: Fixture, request: String) async throws -> Machine {
        try await fixture.recordSwarm()
        let machine = try await fixture.enrol("n1", machine: 1)
        let runtime = try await fixture.runtime()
        await runtime.lock()
        var record = await runtime.record
        record.addresses[machine.id] = IPAddress("10.77.0.11")
        let event = await runtime.event("test", node: nil, actor: "test")
        try await runtime.store(record: record, event: event)
        await runtime.unlock()
        var status = machine.manager(of: ["n1"])
        status.facts.apiRequest = request
        _ = try await machine.report(status)
        await runtime.settle()
        return machine
    }

    private func spec(_ fixture: Fixture, _ machine: Machine) async throws -> DockerAPISpec? {
        let runtime = try await fixture.runtime()
        await runtime.settle()
        await runtime.settle()
        return try #require(await runtime.revision(of: machine.id)).1.api
    }

    @Test func managersAreSignedForAndLetInWhoIsOnTheList() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply(Self.file)
        let request = try P256Key.generate().request(commonName: "n1")
        let machine = try await manager(fixture, request: request)
        let made = try await create(fixture, "nuvla")
        #expect(made.endpoints == ["tcp://10.77.0.11:2376"])
        let served = try #require(try await spec(fixture, machine))
        #expect(served.clients == [made.certificate] && served.authority == made.authority)
        let authority = try X509.Certificate(pemEncoded: made.authority)
        let server = try X509.Certificate(pemEncoded: try #require(served.certificate))
        #expect(authority.publicKey.isValidSignature(server.signature, for: server))
        #expect(
            Set(try #require(try server.extensions.subjectAlternativeNames).map { "\($0)" })
                == Set(
                    try #require(
                        try X509.Certificate.Extensions {
                            SubjectAlternativeNames([
                                .dnsName("n1"), .ipAddress(.init(contentBytes: [10, 77, 0, 11])), .dnsName("swarm.acme.ch"),
                                .ipAddress(.init(contentBytes: [203, 0, 113, 7])),
                            ])
                        }.subjectAlternativeNames
                    ).map { "\($0)" }))
        let client = try X509.Certificate(pemEncoded: made.certificate)
        #expect(authority.publicKey.isValidSignature(client.signature, for: client))
        #expect(fixture.coordinator.authority.roots != made.authority, "agents' authority is another one")

        let list: CredentialsAnswer = try await fixture.get(Self.path)
        #expect(list.credentials.map(\.name) == ["nuvla"] && list.credentials[0].maker == "root" && list.credentials[0].revoked == nil)
        #expect(await refusal { try await create(fixture, "nuvla") } == "NameTaken")
        let key = try P256Key.generate()
        let third = try await create(fixture, "third", key: key)
        #expect(await refusal { try await create(fixture, "fourth", key: key) } == "KeyUsedBefore")
        _ = try await fixture.raw(.delete, Self.path + "/third", token: fixture.token)
        #expect(await refusal { try await create(fixture, "third", key: key) } == "KeyUsedBefore", "nor after it was revoked")
        #expect(try await spec(fixture, machine)?.clients.contains(third.certificate) == false)
        let second = try await create(fixture, "ci")
        #expect(try await spec(fixture, machine)?.clients == [made.certificate, second.certificate])

        _ = try await fixture.raw(.delete, Self.path + "/nuvla", token: fixture.token)
        #expect(try await spec(fixture, machine)?.clients == [second.certificate], "who is revoked is let in no more")
        #expect(try await fixture.raw(.delete, Self.path + "/nuvla", token: fixture.token).status == 404)
        fixture.advance(3_700_000)
        #expect(try await spec(fixture, machine)?.clients == [], "what has ended opens nothing")
        await fixture.remove()
    }

    @Test func anotherRequestAndHalfALifeMakeAnotherCertificate() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply(Self.file)
        let machine = try await manager(fixture, request: try P256Key.generate().request(commonName: "n1"))
        let first = try await spec(fixture, machine)?.certificate
        var status = machine.manager(of: ["n1"])
        status.facts.apiRequest = try P256Key.generate().request(commonName: "n1")
        _ = try await machine.report(status)
        let second = try await spec(fixture, machine)?.certificate
        #expect(first != nil && second != nil && first != second, "the node has another key")
        fixture.advance(46 * 86_400_000)
        #expect(try await spec(fixture, machine)?.certificate != second, "half of its life is over")
        status.facts.apiRequest = "nonsense"
        _ = try await machine.report(status)
        #expect(try await spec(fixture, machine)?.certificate == nil)
        #expect(fixture.log.lines.contains { $0.contains("ignoring a request for a certificate of Docker's API") })
        await fixture.remove()
    }

    /// A database that was put together of two backups.
    @Test func anAuthorityThatWasLostIsMadeAnewAndNothingOfItIsGood() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply(Self.file)
        let machine = try await manager(fixture, request: try P256Key.generate().request(commonName: "n1"))
        let made = try await create(fixture, "nuvla")
        let first = try #require(try await spec(fixture, machine))
        let runtime = try await fixture.runtime()
        await runtime.lock()
        var record = await runtime.record
        record.api?.authority = "-----BEGIN CERTIFICATE-----\nother\n-----END CERTIFICATE-----\n"
        let event = await runtime.event("test", node: nil, actor: "test")
        try await runtime.store(record: record, event: event)
        await runtime.unlock()
        let other = try await create(fixture, "ci")
        #expect(other.authority == made.authority)
        let served = try #require(try await spec(fixture, machine))
        #expect(served.clients == [other.certificate] && served.authority == made.authority && served.certificate != nil)
        #expect(served.certificate != first.certificate)
        let list: CredentialsAnswer = try await fixture.get(Self.path)
        #expect(list.credentials.map { $0.revoked == nil } == [false, true])
        await fixture.remove()
    }

    @Test func badInputIsRefusedInWords() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply(Fixture.file + "stacks: {}\n")
        #expect(await refusal { try await create(fixture, "nuvla") } == "NotServed")
        _ = try await fixture.apply(Self.file)
        #expect(await refusal { try await create(fixture, "a b") } == "BadName")
        #expect(await refusal { try await create(fixture, "nuvla", seconds: 1) } == "BadTime")
        #expect(
            await refusal {
                try await fixture.post(Self.path, CredentialRequest(name: "nuvla", seconds: 3600, request: "no")) as CredentialAnswer
            } == "BadRequest")
        #expect((try await fixture.get(Self.path) as CredentialsAnswer).credentials.isEmpty)
        let other: LoginAnswer = try await fixture.post("/v1/operators", OperatorRequest(name: "eve", role: "operator"))
        let body = CredentialRequest(name: "x", seconds: 3600, request: try P256Key.generate().request(commonName: "x"))
        let answer = try await fixture.raw(.post, Self.path, token: other.token, body: Array(try JSONEncoder().encode(body)))
        #expect(answer.status == 403, "credentials are an admin's")
        await fixture.remove()
    }
}
