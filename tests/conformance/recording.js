// What the recorder (tests/e2e/record.rs) wrote, and the list of contradictions that are known.
//
// A recording that is missing or empty is an error: nothing here passes for want of something to check.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The lines of a file of the recording. */
export function recorded(file) {
  const folder = process.env.PORTCULLIS_RECORD;
  assert.ok(folder, "PORTCULLIS_RECORD names the folder of the recording; tests/conformance/run sets it");
  const lines = readFileSync(join(folder, file), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  assert.ok(lines.length > 0, `${file} is empty`);
  return lines;
}

/**
 * A file of a package, read rather than imported: the packages' own entries load every version they have.
 */
export function published(path) {
  return readFileSync(new URL(`node_modules/${path}`, import.meta.url), "utf8");
}

const known = JSON.parse(readFileSync(new URL("known.json", import.meta.url), "utf8"));

/** Complaints that say the same are one, with the first place where each was seen. */
export class Complaints {
  #found = new Map();

  add(complaint, place) {
    if (!this.#found.has(complaint)) this.#found.set(complaint, place);
  }

  /**
   * Nothing was found but what `known.json` lists with its reason, and all that is listed there was found: the list
   * neither grows in silence nor outlives its reasons.
   */
  assertOnlyKnown(section) {
    const listed = new Map(Object.entries(known[section] ?? {}));
    const fresh = [...this.#found].filter(([complaint]) => !listed.has(complaint));
    const stale = [...listed.keys()].filter((complaint) => !this.#found.has(complaint));
    for (const reason of listed.values()) assert.ok(reason.length > 20, "each known contradiction has a reason");
    const told = fresh.map(([complaint, place]) => `${complaint}\n    first in ${place}`);
    assert.deepEqual(told, [], `${told.length} complaints:\n${told.join("\n")}`);
    assert.deepEqual(stale, [], `listed under "${section}" in known.json and no longer true`);
  }
}
