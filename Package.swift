// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built alike: explicit imports, and what the compiler warns of is an error.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func swift(
    _ name: String, _ path: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(path)", resources: resources, swiftSettings: strict)
}

func program(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "Sources/\(path)", swiftSettings: strict)
}

func tests(_ name: String, _ path: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(path)", exclude: exclude, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")

let package = Package(
    name: "skep",
    products: [
        .executable(name: "skep-agent", targets: ["skep-agent"]),
        .executable(name: "skep-coordinator", targets: ["skep-coordinator"]),
        .executable(name: "skep", targets: ["skep"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C: module maps and typed wrappers of variadic functions and macros
        .target(name: "CCurl", path: "Sources/CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "COpenSSL", path: "Sources/COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "CLinux", path: "Sources/CLinux"),
        .target(name: "CCrypt", path: "Sources/CCrypt", linkerSettings: [.linkedLibrary("crypt")]),

        // Shared: model ← wire ← platform
        swift("SkepModel", "Shared/Model"),
        swift("SkepWire", "Shared/Wire", ["SkepModel"]),
        swift("SkepSystem", "Shared/System", ["CLinux"]),
        swift("SkepCrypto", "Shared/Crypto", ["COpenSSL"]),
        swift("SkepHTTP", "Shared/HTTP", ["CCurl", "SkepSystem"]),
        swift("SkepYAML", "Shared/YAML", ["SkepModel", yams]),
        swift("SkepClusterFile", "Shared/ClusterFile", ["SkepModel", "SkepYAML"]),
        swift(
            "SkepCompose", "Shared/Compose", ["SkepModel", "SkepYAML", "SkepClusterFile", crypto], resources: [.embedInCode("Catalogue")]),

        // Agent: core ← docker, host ← runtime ← main; no package of SwiftPM
        swift("AgentCore", "Agent/Core", ["SkepModel"]),
        swift("AgentDocker", "Agent/Docker", ["SkepModel", "AgentCore", "SkepHTTP", "SkepCrypto", "SkepSystem"]),
        swift("AgentHost", "Agent/Host", ["SkepModel", "AgentCore", "SkepCrypto", "SkepSystem", "CLinux"]),
        swift(
            "AgentRuntime", "Agent/Runtime",
            ["SkepModel", "SkepWire", "AgentCore", "AgentDocker", "AgentHost", "SkepHTTP", "SkepCrypto", "SkepSystem", "CLinux"]),
        program("skep-agent", "Agent/Main", ["AgentRuntime", "SkepSystem"]),

        // Coordinator: core ← store, authority; dashboard ← API ← main
        swift("CoordinatorCore", "Coordinator/Core", ["SkepModel"]),
        swift("CoordinatorStore", "Coordinator/Store", ["SkepModel", "CoordinatorCore", grdb]),
        swift("CoordinatorAuthority", "Coordinator/Authority", ["SkepModel", "SkepSystem", "CCrypt", x509, crypto, cryptoExtras, asn1]),
        swift(
            "CoordinatorDashboard", "Coordinator/Dashboard", ["SkepModel", "SkepWire", mustache], resources: [.embedInCode("Templates")]),
        swift(
            "CoordinatorAPI", "Coordinator/API",
            [
                "SkepModel", "SkepWire", "SkepSystem", "SkepClusterFile", "SkepCompose", "CoordinatorCore", "CoordinatorStore",
                "CoordinatorAuthority",
                "CoordinatorDashboard", hummingbird, hummingbirdCore, httpTypes, nioSSL, nioCore, logging, lifecycle, crypto,
                x509,
            ]),
        program(
            "skep-coordinator", "Coordinator/Main",
            [
                "CoordinatorAPI", "CoordinatorStore", "CoordinatorAuthority", "CoordinatorCore", "SkepModel", "SkepSystem", "SkepYAML",
                argumentParser, logging, lifecycle, unixSignals,
            ]),

        tests("SkepModelTests", "SkepModelTests", ["SkepModel"]),
        tests("AgentCoreTests", "AgentCoreTests", ["AgentCore", "SkepModel"]),
        tests("CoordinatorCoreTests", "CoordinatorCoreTests", ["CoordinatorCore", "SkepModel"]),
        tests("StructureTests", "StructureTests", []),
        tests("SimulationTests", "SimulationTests", ["SkepSimulation"]),

        // Simulation: both cores on a virtual clock
        .target(
            name: "SkepSimulation", dependencies: ["SkepModel", "AgentCore", "CoordinatorCore"], path: "Tests/Simulation/Engine",
            swiftSettings: strict),
        .executableTarget(name: "skep-simulate", dependencies: ["SkepSimulation"], path: "Tests/Simulation/Main", swiftSettings: strict),

        program(
            "skep", "CLI", ["SkepModel", "SkepWire", "SkepClusterFile", "SkepCompose", "SkepCrypto", "SkepHTTP", "SkepSystem", argumentParser]),
        tests("SkepClusterFileTests", "SkepClusterFileTests", ["SkepClusterFile", "SkepYAML", "SkepModel"]),
        tests("SkepComposeTests", "SkepComposeTests", ["SkepCompose", "SkepClusterFile", "SkepYAML", "SkepModel"], exclude: ["Corpus"]),
        tests("SkepCLITests", "SkepCLITests", ["skep", "SkepModel", "SkepWire", "SkepSystem"]),
        tests("SkepSystemTests", "SkepSystemTests", ["SkepSystem", "CLinux"]),
        tests("SkepHTTPTests", "SkepHTTPTests", ["SkepHTTP", "SkepSystem", "CLinux"]),
        tests("SkepCryptoTests", "SkepCryptoTests", ["SkepCrypto"]),
        tests("AgentHostTests", "AgentHostTests", ["AgentHost", "AgentCore", "SkepModel", "SkepSystem", "CLinux"]),
        tests("AgentDockerTests", "AgentDockerTests", ["AgentDocker", "AgentCore", "SkepModel", "SkepSystem"]),
        tests("CoordinatorStoreTests", "CoordinatorStoreTests", ["CoordinatorStore", "CoordinatorCore", "SkepModel"]),
        tests(
            "CoordinatorAPITests", "CoordinatorAPITests",
            [
                "CoordinatorAPI", "CoordinatorAuthority", "CoordinatorCore", "CoordinatorStore", "SkepModel", "SkepWire", "SkepHTTP",
                "SkepCrypto", hummingbird, httpTypes, logging, x509, asn1,
            ]),
        tests("CoordinatorAuthorityTests", "CoordinatorAuthorityTests", ["CoordinatorAuthority", "SkepModel", x509, crypto, asn1]),
        tests("CoordinatorDashboardTests", "CoordinatorDashboardTests", ["CoordinatorDashboard", "SkepModel", "SkepWire"]),
        tests(
            "AgentRuntimeTests", "AgentRuntimeTests", ["AgentRuntime", "AgentCore", "SkepModel", "SkepWire", "SkepHTTP", "SkepCrypto", "SkepSystem"]),
    ],
    swiftLanguageModes: [.v6]
)
