// Every request that was sent, and every reply that the fake forge gave, against GitHub's OpenAPI description.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Complaints, published, recorded } from "./recording.js";
import { Description, withoutNullable } from "./schema.js";

const github = new Description(withoutNullable(JSON.parse(published("@octokit/openapi/generated/api.github.com.json"))));

// GitHub serves it, and its own redirects of renamed repositories lead there, but the description leaves it out.
const UNDESCRIBED = new Map([["/repositories/{repository_id}", "/repos/{owner}/{repo}"]]);

// The name of a ref has slashes, which GitHub takes as they are.
const routes = Object.keys(github.document.paths).concat([...UNDESCRIBED.keys()]).map((template) => {
  const pattern = template.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll("{ref}", "(.+)").replaceAll(/\{[^}]+\}/g, "([^/]+)");
  const literal = template.split("/").filter((part) => !part.startsWith("{")).length;
  return { template, literal, pattern: new RegExp(`^${pattern}$`), names: [...template.matchAll(/\{([^}]+)\}/g)].map((m) => m[1]) };
});

const exchanges = recorded("exchanges.jsonl").map((exchange) => {
  const path = exchange.request.path.replace(/^\/api\/v3/, "");
  const isGraphql = path === "/graphql" || path === "/api/graphql";
  const fitting = routes.filter((route) => route.pattern.test(path)).sort((a, b) => b.literal - a.literal);
  const [route] = fitting;
  const template = UNDESCRIBED.get(route?.template) ?? route?.template;
  const method = exchange.request.method.toLowerCase();
  const operation = template && github.document.paths[template][method];
  const name = `${exchange.request.method} ${route?.template ?? path}`;
  const where = `${exchange.story}: ${exchange.request.method} ${exchange.request.path}`;
  return { ...exchange, path, isGraphql, route, template, method, operation, name, where };
});
const rest = exchanges.filter((exchange) => !exchange.isGraphql);

const pointer = (...parts) => `#/${parts.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`;
const resolve = (node) => (node?.$ref ? node.$ref.slice(2).split("/").reduce((at, part) => at[part], github.document) : node);

test("every path and method exists", () => {
  const complaints = new Complaints();
  for (const { operation, name, where } of rest) if (!operation) complaints.add(name, where);
  complaints.assertOnlyKnown("paths");
});

/** The parameters of an operation with where they are described. */
function parameters({ template, method, operation }) {
  const own = (operation.parameters ?? []).map((node, index) => ["paths", template, method, "parameters", `${index}`, node]);
  const common = (github.document.paths[template].parameters ?? []).map((node, index) => ["paths", template, "parameters", `${index}`, node]);
  return [...own, ...common].map((parts) => {
    const node = parts.pop();
    const at = node.$ref ? node.$ref : pointer(...parts);
    return { ...resolve(node), schemaAt: `${at}/schema` };
  });
}

/** A parameter is text on the wire; a number or truth value is what its schema takes it for. */
function readings(text) {
  const others = [];
  if (/^-?\d+$/.test(text)) others.push(Number(text));
  if (text === "true" || text === "false") others.push(text === "true");
  return [text, ...others];
}

test("every parameter fits its schema", () => {
  const complaints = new Complaints();
  let checked = 0;
  for (const exchange of rest.filter(({ operation, reply }) => operation && reply.status < 400)) {
    const known = parameters(exchange);
    const inPath = exchange.route.pattern.exec(exchange.path).slice(1);
    const inQuery = [...new URLSearchParams(exchange.request.query ?? "")];
    const given = [
      ...exchange.route.names.map((name, index) => ["path", name, decodeURIComponent(inPath[index])]),
      ...inQuery.map(([name, value]) => ["query", name, value]),
    ];
    for (const [place, name, value] of given) {
      const described = known.find((parameter) => parameter.in === place && parameter.name === name);
      if (!described) {
        if (!UNDESCRIBED.has(exchange.route.template)) complaints.add(`${exchange.name}: ${place} parameter ${name} is not known`, exchange.where);
        continue;
      }
      checked += 1;
      const outcomes = readings(value).map((reading) => github.complaints(described.schemaAt, reading));
      if (!outcomes.some((told) => told.length === 0)) complaints.add(`${exchange.name}: ${place} parameter ${name} ${outcomes[0][0]}`, exchange.where);
    }
    for (const { name, in: place, required } of known.filter((parameter) => parameter.in === "query" && parameter.required)) {
      if (required && !inQuery.some(([given]) => given === name)) complaints.add(`${exchange.name}: ${place} parameter ${name} is missing`, exchange.where);
    }
  }
  assert.ok(checked > 20, `only ${checked} parameters were seen`);
  complaints.assertOnlyKnown("parameters");
});

test("every request body fits its schema", () => {
  const complaints = new Complaints();
  let checked = 0;
  for (const { template, method, operation, request, reply, name, where } of rest.filter(({ operation }) => operation)) {
    // What was refused was meant to be wrong.
    if (reply.status >= 400 && reply.status < 500) continue;
    const described = operation.requestBody?.content?.["application/json"];
    if (!described) {
      if (request.body !== null && Object.keys(request.body).length > 0) complaints.add(`${name}: takes no body`, where);
      continue;
    }
    if (request.body === null) {
      if (operation.requestBody.required) complaints.add(`${name}: the body is missing`, where);
      continue;
    }
    checked += 1;
    const at = pointer("paths", template, method, "requestBody", "content", "application/json", "schema");
    for (const complaint of github.complaints(at, request.body)) complaints.add(`${name}: ${complaint}`, where);
  }
  assert.ok(checked > 5, `only ${checked} bodies were seen`);
  complaints.assertOnlyKnown("request bodies");
});

test("every request carries the headers that GitHub asks for", () => {
  for (const { request, where, story } of exchanges) {
    assert.ok(request.headers["user-agent"], where);
    if (request.headers["user-agent"] === "tests") continue;
    assert.match(request.headers["user-agent"], /^portcullis\//, where);
    assert.equal(request.headers.accept, "application/vnd.github+json", where);
    assert.match(request.headers["x-github-api-version"], /^\d{4}-\d{2}-\d{2}$/, where);
    assert.ok(story, where);
  }
});

test("every reply fits the schema of its status", () => {
  const complaints = new Complaints();
  const seen = new Set();
  for (const { template, method, operation, reply, name, where } of rest.filter(({ operation }) => operation)) {
    const status = String(reply.status);
    const node = operation.responses[status];
    // Refusals that hold for every route are described for few; each has the shape of the basic error.
    if (!node && reply.status >= 400) {
      for (const complaint of github.complaints("#/components/schemas/basic-error", reply.body)) complaints.add(`${name} ${status}: ${complaint}`, where);
      seen.add(status);
      continue;
    }
    if (!node) {
      complaints.add(`${name}: does not answer ${status}`, where);
      continue;
    }
    seen.add(`${name} ${status}`);
    const at = node.$ref ?? pointer("paths", template, method, "responses", status);
    if (!resolve(node).content?.["application/json"]) {
      if (reply.body !== null) complaints.add(`${name} ${status}: has no body`, where);
      continue;
    }
    for (const complaint of github.complaints(`${at}/content/application~1json/schema`, reply.body)) complaints.add(`${name} ${status}: ${complaint}`, where);
  }
  assert.ok(seen.size > 20, `only ${seen.size} kinds of reply were seen`);
  complaints.assertOnlyKnown("replies");
});

test("every route of the fake forge was called", () => {
  const routes = (file) =>
    [...readFileSync(new URL(`../../crates/fake-github/src/${file}`, import.meta.url), "utf8").matchAll(/^\s+\("([A-Z]+)", \[(.+?)\]\) =>/gm)];
  const ofRepositories = routes("rest/automation.rs").map(([all, method, parts]) => [all, method, `"repos", owner, name, ${parts}`]);
  assert.ok(ofRepositories.length > 10, "more routes are listed in rest/automation.rs");
  const known = [...routes("rest.rs"), ...ofRepositories].map(([, method, parts]) =>
    `${method} /${parts.split(", ").map((part) => (part.startsWith('"') ? part.slice(1, -1) : "*")).join("/")}`);
  assert.ok(known.length > 10, "the routes are listed in rest.rs");
  const answered = rest.filter(({ reply }) => reply.status < 300);
  const called = new Set(answered.map(({ name }) => name.replaceAll(/\{[^}]+\}/g, "*")));
  assert.deepEqual(known.filter((route) => !called.has(route)), [], "tests/e2e/record/reads.rs calls every route");
});
