// Every delivery that the fake forge makes, against the schema of its event and action.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { Complaints, published, recorded } from "./recording.js";
import { Description } from "./schema.js";

const github = new Description(JSON.parse(published("@octokit/openapi-webhooks/generated/api.github.com.json")));
const deliveries = recorded("deliveries.jsonl").map((delivery) => {
  const name = [delivery.event, delivery.payload.action].filter(Boolean).join("-").replaceAll("_", "-");
  return { ...delivery, name, where: `${delivery.story}: ${delivery.headers["X-GitHub-Delivery"]}` };
});

test("every kind of delivery is described", () => {
  const kinds = new Set(deliveries.map(({ name }) => name));
  for (const name of kinds) assert.ok(github.document.webhooks[name], name);
  assert.ok(kinds.size >= 20, `only ${[...kinds].join(", ")}`);
});

test("every payload fits the schema of its event and action", () => {
  const complaints = new Complaints();
  for (const { name, payload, where } of deliveries) {
    const at = `#/webhooks/${name}/post/requestBody/content/application~1json/schema`;
    for (const complaint of github.complaints(at, payload)) complaints.add(`${name}: ${complaint}`, where);
  }
  complaints.assertOnlyKnown("deliveries");
});

test("every delivery has the headers that GitHub sends", () => {
  for (const { name, headers, where } of deliveries) {
    const given = new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]));
    for (const { name: header, in: place, required } of github.document.webhooks[name].post.parameters) {
      if (place === "header" && required) assert.ok(given.get(header.toLowerCase()), `${where}: ${header}`);
    }
    assert.match(given.get("x-hub-signature-256"), /^sha256=[0-9a-f]{64}$/, where);
    assert.match(given.get("user-agent"), /^GitHub-Hookshot\/[0-9a-z]+$/, where);
  }
});

test("every delivery is about an installation, and names who caused it", () => {
  for (const { payload, where } of deliveries) {
    assert.equal(typeof payload.installation.id, "number", where);
    assert.equal(typeof payload.sender.id, "number", where);
  }
});

// A signature made here, by other code than the forge's and the gate's, for the example that GitHub publishes.
test("the signature of GitHub's own example is what both sides compute", () => {
  const made = createHmac("sha256", "It's a Secret to Everybody").update("Hello, World!").digest("hex");
  assert.equal(made, "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
});
