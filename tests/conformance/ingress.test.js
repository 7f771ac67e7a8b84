// Every example payload that GitHub publishes, correctly signed, posted to the running ingress.
//
// What became of each is kept in docs/conformance.md, which must not differ; `BLESS=1` writes it anew. Most examples
// carry no `installation`, as a repository's own webhook sends them. An App's always do, so the examples that
// failed for want of it are posted a second time with one.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Gate } from "./gate.js";
import { published } from "./recording.js";
import { table } from "./table.js";

// The App whose check suites the examples show: requests to repeat its checks are ours, others' are not.
const APP = 29310;
const INSTALLATION = { id: 2, node_id: "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMg==" };
const EXAMPLES = 329;
const STATES = { queued: "queued", ignored: "ignored", "kept as failed": "failed" };

const examples = JSON.parse(published("@octokit/webhooks-examples/api.github.com/index.json"))
  .flatMap(({ name, examples }) => examples.map((payload, index) => ({ event: name, index, payload })));

const rows = [];
let gate;
let kept;

/** The same GUID in every run. */
function guid(...parts) {
  const hex = createHash("sha256").update(parts.join(" ")).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

before(async () => {
  gate = await Gate.start(APP);
  for (const { event, index, payload } of examples) {
    const row = { event, action: payload.action ?? "", payload, guid: guid(event, index, "as published") };
    row.answer = await gate.post(row.guid, event, payload);
    rows.push(row);
    if (row.answer.body.outcome !== "kept as failed" || row.answer.body.field !== "installation") continue;
    row.again = { guid: guid(event, index, "with an installation") };
    row.again.answer = await gate.post(row.again.guid, event, { ...payload, installation: INSTALLATION });
  }
  kept = gate.deliveries();
});

after(() => gate?.stop());

test(`all ${EXAMPLES} published examples are answered 2xx`, () => {
  assert.equal(rows.length, EXAMPLES);
  const wrong = rows.filter(({ answer }) => answer.status < 200 || answer.status > 299);
  assert.deepEqual(wrong.map(({ event, answer }) => [event, answer]), []);
  const again = rows.filter((row) => row.again);
  assert.ok(again.length > 0);
  for (const { event, again: { answer } } of again) assert.equal(answer.status, 202, event);
});

test("everything but pings is kept, in the state that the answer told", () => {
  for (const row of rows) {
    for (const { guid, answer } of [row, row.again].filter(Boolean)) {
      const delivery = kept.get(guid);
      if (row.event === "ping") {
        assert.deepEqual([delivery, answer.body.outcome], [undefined, "pong"]);
        continue;
      }
      assert.equal(delivery?.state, STATES[answer.body.outcome], `${row.event} ${guid}`);
      assert.equal(delivery.event, row.event);
      assert.equal(delivery.body_bytes > 0, true);
      assert.equal(delivery.error_path, answer.body.field ?? null);
    }
  }
});

test("the facts that were read are those of the payload", () => {
  let queued = 0;
  for (const row of rows) {
    const { payload, event } = row;
    for (const { guid, answer } of [row, row.again].filter(Boolean)) {
      const delivery = kept.get(guid);
      if (delivery) {
        assert.equal(delivery.repository, payload.repository?.full_name ?? null, event);
        assert.equal(delivery.sender, payload.sender?.login ?? null, event);
        assert.equal(delivery.action, payload.action ?? null, event);
      }
      if (answer.body.outcome !== "queued" || !payload.pull_request) continue;
      queued += 1;
      const { read } = answer.body;
      assert.deepEqual(read.targets, [`${payload.repository.full_name}#${payload.pull_request.number}`], event);
      assert.equal(read.head, payload.pull_request.head.sha, event);
      assert.equal(Date.parse(read.updated_at), Date.parse(payload.pull_request.updated_at), event);
      assert.equal(read.review?.id ?? null, payload.review?.id ?? null, event);
      assert.equal(read.review?.state ?? null, payload.review?.state ?? null, event);
      // Opening proves the author, not the push.
      const proves = event === "pull_request" && payload.action === "synchronize";
      assert.equal(read.pusher?.id ?? null, proves ? payload.sender.id : null, `${event} ${payload.action}`);
    }
  }
  assert.ok(queued > 30, `only ${queued} led to a look`);
});

test("nothing fails but for want of an installation", () => {
  const failed = rows.filter(({ answer }) => answer.body.outcome === "kept as failed");
  const others = failed.filter(({ answer }) => answer.body.field !== "installation");
  assert.deepEqual(others.map(({ event, action, answer }) => ({ event, action, ...answer.body })), []);
  for (const { event, payload, again } of failed) {
    assert.equal(payload.installation, undefined, event);
    assert.notEqual(again.answer.body.outcome, "kept as failed", `${event}: ${JSON.stringify(again.answer.body)}`);
  }
});

test("docs/conformance.md tells what became of each", () => {
  const file = new URL("../../docs/conformance.md", import.meta.url);
  const { text, summary } = table(rows, kept);
  console.log(summary);
  if (process.env.PORTCULLIS_TABLE) writeFileSync(process.env.PORTCULLIS_TABLE, text);
  if (process.env.BLESS) writeFileSync(file, text);
  assert.ok(readFileSync(file, "utf8") === text, "docs/conformance.md differs: read the difference after BLESS=1 tests/conformance/run");
});
