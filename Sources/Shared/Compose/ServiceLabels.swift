import SkepYAML

/// Labels as a list of `key=value` or a mapping, made one mapping with ours in it.
enum ServiceLabels {
    static func merged(_ labels: YAMLNode?, _ ours: [(String, String)], _ remarks: Remarks) -> YAMLNode {
        var result = YAMLNode.map([])
        if let items = labels?.list {
            for item in items {
                guard let text = item.scalar?.text else {
                    remarks.add(item, "a label must be a text, not \(item.kindInWords)")
                    continue
                }
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                result[String(parts[0])] = .text(parts.count == 2 ? String(parts[1]) : "")
            }
        } else if let entries = labels?.map {
            for entry in entries {
                guard let scalar = entry.value.scalar else {
                    remarks.add(entry.value, "the label '\(entry.key)' must be a text, not \(entry.value.kindInWords)")
                    continue
                }
                result[entry.key] = .text(scalar.kind == .null ? "" : scalar.text)
            }
        } else if let labels, !labels.isNull {
            remarks.add(labels, "labels must be a mapping or a list, not \(labels.kindInWords)")
        }
        for (key, value) in ours { result[key] = .text(value) }
        return result
    }
}
