// The schema of rules.toml against the files that are known to be valid, and those whose fault is one of shape.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { parse } from "smol-toml";

const root = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const schema = JSON.parse(read("docs/rules.schema.json"));

// Strict: a word that the schema's draft does not know is an error. What lists and single values share is a union.
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
addFormats(ajv);
const validate = ajv.compile(schema);

/** As editors see it: dates are texts. */
const complaints = (text) => (validate(JSON.parse(JSON.stringify(parse(text)))) ? [] : validate.errors);
const files = (folder) => readdirSync(new URL(folder, root)).filter((name) => name.endsWith(".toml"));

// What a shape can tell. Everything else takes the whole file: `portcullis check`.
const SHAPE = ["unknown-key", "missing-key", "wrong-type", "empty-value", "unknown-verb", "unknown-event", "not-judged", "unknown-catalogue-agent", "login-is-no-identity", "nobody-is-a-person", "floor-cannot-shrink"];

test("the schema is one", () => {
  assert.equal(ajv.validateSchema(schema), true, JSON.stringify(ajv.errors));
});

const valid = ["rules.toml", ...files("fixtures/rules/valid").map((name) => `fixtures/rules/valid/${name}`)];
for (const path of valid) {
  test(`${path} fits`, () => assert.deepEqual(complaints(read(path)), []));
}

let refused = 0;
for (const name of files("fixtures/rules/invalid")) {
  const text = read(`fixtures/rules/invalid/${name}`);
  const codes = /^# expect: (.*)$/m.exec(text)[1].split(" ");
  if (!codes.some((code) => SHAPE.includes(code))) continue;
  refused += 1;
  test(`${name} (${codes.join(", ")}) does not fit`, () => assert.notDeepEqual(complaints(text), []));
}
test("enough files are refused", () => assert.ok(refused >= 12, `${refused}`));
