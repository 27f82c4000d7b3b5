import Glibc
import SkepSimulation

/// `skep-simulate FIRST LAST`: runs the seeds, prints the failing ones and `N passed, N failed`.
@main
enum Simulate {
    static func main() {
        let bounds = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        let first = bounds.first ?? 1
        let last = bounds.dropFirst().first ?? first
        var failed = 0
        var steps = 0
        for seed in first...max(first, last) {
            var simulation = Simulation(seed: seed)
            do { steps += try simulation.run() } catch {
                failed += 1
                print("FAILED \(error)")
            }
        }
        print("simulation: \(steps) steps of 200 ms")
        print("\(Int(max(first, last) - first + 1) - failed) passed, \(failed) failed")
        if failed > 0 { exit(1) }
    }
}
