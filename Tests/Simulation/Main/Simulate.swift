import Glibc
import SkepSimulation

/// `skep-simulate FIRST LAST` runs the seeds, prints the failing ones and `N passed, N failed`;
/// `skep-simulate planner NODES` prints the median time of a planner's pass over a ready cluster of so many nodes.
@main
enum Simulate {
    static func main() {
        let words = CommandLine.arguments.dropFirst()
        if words.first == "planner" { return planner(nodes: words.dropFirst().first.flatMap { Int($0) } ?? 1000) }
        let bounds = words.compactMap { UInt64($0) }
        let first = bounds.first ?? 1
        seeds(first...max(first, bounds.dropFirst().first ?? first))
    }

    private static func seeds(_ range: ClosedRange<UInt64>) {
        var failed = 0
        var steps = 0
        let clock = ContinuousClock()
        let began = clock.now
        for seed in range {
            var simulation = Simulation(seed: seed)
            do { steps += try simulation.run() } catch {
                failed += 1
                print("FAILED \(error)")
            }
        }
        let seconds = max(0.001, Double((clock.now - began).components.seconds))
        print("simulation: \(steps) steps of 200 ms, \(Int(Double(range.count) * 60 / seconds)) seeds a minute")
        print("\(range.count - failed) passed, \(failed) failed")
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
