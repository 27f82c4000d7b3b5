import SkepSimulation
import Testing

/// Seeds that failed once, and a few more; `make test` runs 1,000 by `skep-simulate`.
@Suite struct KeptSeedsTests {
    /// 3: ready was believed on a status from before a power cut. 7, 8: daemon.json's and sysctls' originals were lost when an agent died
    /// between change and record. 19, 36, 47: a machine that left or was evicted, and a manager that acted by an old spec. 448: ready before the entry of a
    /// machine that left was removed. 37, 44: a ruleset was undone while the coordinator was away. 66: a teardown that left stacks after a restart of
    /// the coordinator. 121: who came in while the nodes of a ruleset on trial changed was forgotten. 534: a manager
    /// died between the look and the demotion of another.
    @Test(arguments: [1, 3, 7, 8, 19, 36, 37, 44, 47, 66, 121, 448, 534] as [UInt64])
    func passes(seed: UInt64) throws {
        var simulation = Simulation(seed: seed)
        let steps = try simulation.run()
        #expect(steps > 100)
    }
}
