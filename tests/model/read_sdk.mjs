// SPDX-License-Identifier: Apache-2.0
/*
 * The schemas of a client of the AWS SDK for JavaScript as JSON: read_sdk.mjs FOLDER, where FOLDER
 * is the unpacked package. Its compiled code holds one array a shape; those alone are evaluated.
 *
 *   [3, namespace, name, traits, [member, ...], [schema, ...], n_required]   a structure
 *   [1, namespace, name, traits, schema]    a list   [2, ..., key, value]    a map
 *   [9, namespace, name, traits, () => input, () => output]                  an operation
 *   [0, namespace, name, traits, schema]    a named simple type
 */
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";

const SIMPLE = { 0: "STRING", 1: "INTEGER", 2: "BOOLEAN", 4: "TIMESTAMP", 5: "TIMESTAMP",
    6: "TIMESTAMP", 7: "TIMESTAMP", 15: "DOCUMENT", 21: "BLOB", 42: "BLOB" };
const LIST = 64, MAP = 128;

const source = fs.readFileSync(path.join(process.argv[2], "dist-cjs", "index.js"), "utf8");
const names = source.match(/^const _\w+ = "[^"]*";$/gm) ?? [];
const shapes = source.match(/^var \w+\$? = \[-?\d+, n0, [\s\S]*?\];$/gm) ?? [];
const variables = shapes.map((s) => s.match(/^var (\w+\$?)/)[1]);
const sandbox = { found: [] };
vm.runInNewContext(
    'const n0 = "n0", __Unit = "unit";\n' + names.join("\n") + "\n" + shapes.join("\n") +
    `\nfound.push(${variables.join(", ")});`, sandbox);

/* What a field of ours would be that holds this. */
function kind(schema) {
    if (typeof schema === "function")
        return kind(schema());
    if (typeof schema === "number") {
        if (schema & LIST)
            return (schema & ~LIST) === 0 ? "STRINGS" : "DOCUMENT";
        if (schema & MAP)
            return (schema & ~MAP) === 0 ? "TEXT_MAP" : "DOCUMENT";
        return SIMPLE[schema];
    }
    if (!Array.isArray(schema))
        return "DOCUMENT";
    if (!schema[1] || schema[1] !== "n0")
        return kind(schema[0]); /* [schema, traits] */
    switch (schema[0]) {
    case 0:
        return kind(schema[4]);
    case 1:
        return { STRING: "STRINGS", STRUCT: "LIST" }[kind(schema[4])] ?? "DOCUMENT";
    case 2:
        return { STRING: "TEXT_MAP", STRUCT: "MAP", STRINGS: "STRS_MAP" }[kind(schema[5])] ??
            "DOCUMENT";
    default:
        return "STRUCT";
    }
}

function structure(schema) {
    if (!Array.isArray(schema))
        return null;
    const members = {};
    schema[4].forEach((name, i) => {
        members[name] = { type: kind(schema[5][i]), shape: nested(schema[5][i]),
            required: i < (schema[6] ?? 0) };
    });
    return members;
}

/* The name of the structure that this is, or is a list or a map of. */
function nested(schema) {
    if (typeof schema === "function")
        return nested(schema());
    if (!Array.isArray(schema))
        return null;
    if (schema[1] !== "n0")
        return nested(schema[0]);
    return { 0: () => null, 1: () => nested(schema[4]), 2: () => nested(schema[5]) }[schema[0]]?.() ??
        (Math.abs(schema[0]) === 3 ? schema[2] : null);
}

const result = { structures: {}, operations: {} };
for (const schema of sandbox.found) {
    if (Math.abs(schema[0]) === 3)
        result.structures[schema[2]] = structure(schema);
    if (schema[0] === 9)
        result.operations[schema[2]] = { input: nested(schema[4]), output: nested(schema[5]) };
}
console.log(JSON.stringify(result));
