@testable import SkepCompose
import Testing

@Suite struct InterpolationTests {
    private let values = ["SET": "value", "EMPTY": "", "N": "3"]

    @Test(
        "each form",
        arguments: [
            ("plain", "plain"), ("$SET", "value"), ("${SET}", "value"), ("a$SET-b", "avalue-b"), ("$$SET", "$SET"), ("$${SET}", "${SET}"),
            ("${SET:-d}", "value"), ("${EMPTY:-d}", "d"), ("${EMPTY-d}", ""), ("${UNSET-d}", "d"), ("${UNSET:-}", ""),
            ("${UNSET:-${SET}x}", "valuex"),
            ("${UNSET:-${OTHER:-deep}}", "deep"), ("${SET:+x}", "x"), ("${EMPTY:+x}", ""), ("${EMPTY+x}", "x"), ("${UNSET+x}", ""),
            ("${SET:?no}", "value"),
            ("${EMPTY?no}", ""), ("$UNSET", ""), ("${N}${N}", "33"), ("${UNSET:-a:b}", "a:b"),
        ])
    func replaces(_ text: String, _ expected: String) throws {
        var interpolation = Interpolation { values[$0] }
        #expect(try interpolation.replace(text) == expected)
    }

    @Test(
        "each refusal",
        arguments: [
            ("${SET", "'${' has no '}'"), ("$", "a '$' begins no variable"), ("100$ ", "a '$' begins no variable"),
            ("${}", "'${}' names no variable"),
            ("${1A}", "'${1A}' names no variable"), ("${SET!x}", "'${SET!x}' is no form that Compose knows"),
            ("${UNSET?}", "the variable 'UNSET' is required"),
            ("${UNSET?set me}", "the variable 'UNSET' is required: set me"), ("${EMPTY:?set ${SET}}", "the variable 'EMPTY' is required: set value"),
        ])
    func refuses(_ text: String, _ message: String) {
        var interpolation = Interpolation { values[$0] }
        #expect { _ = try interpolation.replace(text) } throws: { ($0 as? Interpolation.Failure)?.message == message }
    }

    @Test func remembersWhatWasNotSet() throws {
        var interpolation = Interpolation { values[$0] }
        _ = try interpolation.replace("$A ${B} ${C:-} $SET $A")
        #expect(interpolation.unset == ["A", "B"])
    }

    @Test func readsEnvironmentFiles() throws {
        let text = "# a comment\n\nA=1\nexport B = x\nC='$raw # kept'\nD=\"two\\nlines\" # gone\nE=bare # gone\nF=a#b\nG=\nH\nA=2\r\n"
            .replacing("B = x", with: "B=x")
        #expect(
            try EnvironmentFile.parse(text) == ["A": "2", "B": "x", "C": "$raw # kept", "D": "two\nlines", "E": "bare", "F": "a#b", "G": ""])
        #expect(try EnvironmentFile.parse("\u{feff}A=1\nB=2") == ["A": "1", "B": "2"])
        let made = "A=1\nB=${A}2 $GIVEN\nC=\"${B}-${C:-none}\"\nD='$A'\nE=a$$b\nF=\"a\\$b\"\nA=3\n"
        var unset: [String] = []
        #expect(
            try EnvironmentFile.parse(made + "G=$NONE\n", given: ["GIVEN": "g"], unset: { unset.append("\($0) \($1)") }) == [
                "A": "3", "B": "12 g", "C": "12 g-none", "D": "$A", "E": "a$b", "F": "a$b", "G": "",
            ])
        #expect(unset == ["8 NONE"])
        #expect(
            throws: EnvironmentFile.Failure(
                line: 2, message: "in the value of 'B': a '$' begins no variable",
                fix: "write $$ for a dollar sign, or put the value in single quotes")
        ) { try EnvironmentFile.parse("A=1\nB=$2y$10") }
        #expect(throws: EnvironmentFile.Failure(line: 2, message: "a quote is not closed")) { try EnvironmentFile.parse("A=1\nB='x") }
        #expect(throws: EnvironmentFile.Failure(line: 1, message: "'1A' cannot be a variable's name")) { try EnvironmentFile.parse("1A=1") }
    }
}
