import Glibc
import SkepSimulation

/// `skep-simulate FIRST LAST` runs the seeds, prints the failing ones and `N passed, N failed`;
/// `skep-simulate steps FIRST LAST` does so with one blow of each kind (an agent's or the coordinator's death, a power cut) at each recorded step;
/// `skep-simulate planner NODES` prints the median time of a planner's pass over a ready cluster of so many nodes.
@main
enum Simulate {
    static func main() {
        let words = CommandLine.arguments.dropFirst()
        if words.first == "planner" { return planner(nodes: words.dropFirst().first.flatMap { Int($0) } ?? 1000) }
        let bounds = words.compactMap { UInt64($0) }
        let first = bounds.first ?? 1
        run(first...max(first, bounds.dropFirst().first ?? first), words.first == "steps" ? struck : faulty)
    }

    /// A seed with what fails at random in it.
    private static func faulty(seed: UInt64) throws -> [SimulationFailure?] {
        var simulation = Simulation(seed: seed)
        _ = try simulation.run()
        return [nil]
    }

    private static func struck(seed: UInt64) throws -> [SimulationFailure?] {
        let results = try Simulation.blows(seed: seed)
        print("seed \(seed): \(results.count) blows")
        return results
    }

    private static func run(_ seeds: ClosedRange<UInt64>, _ trial: (UInt64) throws -> [SimulationFailure?]) {
        var failed = 0
        var tried = 0
        let clock = ContinuousClock()
        let began = clock.now
        for seed in seeds {
            do {
                let results = try trial(seed)
                tried += results.count
                for failure in results.compactMap({ $0 }) {
                    failed += 1
                    print("FAILED \(failure)")
                }
            } catch {
                tried += 1
                failed += 1
                print("FAILED \(error)")
            }
        }
        let seconds = max(0.001, Double((clock.now - began).components.seconds))
        print("simulation: \(Int(Double(tried) * 60 / seconds)) runs a minute")
        print("\(tried - failed) passed, \(failed) failed")
        if failed > 0 { exit(1) }
    }

    private static func planner(nodes: Int) {
        let cluster = LargeCluster(nodes: nodes)
        let clock = ContinuousClock()
        guard cluster.pass() else {
            print("the cluster is not ready: nothing is measured")
            exit(1)
        }
        let times = (0..<51).map { _ in clock.measure { _ = cluster.pass() } }.sorted()
        print("planner, \(nodes) nodes: median \(times[25]), least \(times[0]), most \(times[50])")
    }
}
