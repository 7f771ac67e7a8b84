// Every GraphQL document of the gate, and every answer of the fake forge, against GitHub's GraphQL schema.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { buildSchema, coerceInputValue, getNamedType, isAbstractType, isEnumType, isInputObjectType, isLeafType, isListType, isNonNullType, Kind, parse, validate } from "graphql";
import { Complaints, published, recorded } from "./recording.js";

// The published text defines two fields of `EnterpriseOwnerInfo` twice, which a strict reader refuses.
const schema = buildSchema(published("@octokit/graphql-schema/schema.graphql"), { assumeValidSDL: true });
const documents = new URL("../../src/github/graphql/", import.meta.url);

const asked = recorded("exchanges.jsonl").filter(({ request }) => /^(\/api)?\/graphql$/.test(request.path));

test("every document of the gate is valid", () => {
  const files = readdirSync(documents).filter((name) => name.endsWith(".graphql"));
  assert.ok(files.length >= 3, `documents: ${files}`);
  for (const name of files) {
    const errors = validate(schema, parse(readFileSync(new URL(name, documents), "utf8")));
    assert.deepEqual(errors.map(({ message }) => message), [], name);
  }
});

test("no document asks for anything deprecated", () => {
  const told = [];
  for (const name of readdirSync(documents)) {
    const visit = (selections, parent) => {
      for (const selection of selections) {
        const type = selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : parent;
        const field = selection.kind === Kind.FIELD && !selection.name.value.startsWith("__") ? type.getFields()[selection.name.value] : undefined;
        if (field?.deprecationReason) told.push(`${name}: ${type.name}.${field.name}: ${field.deprecationReason}`);
        if (selection.selectionSet) visit(selection.selectionSet.selections, field ? getNamedType(field.type) : type);
      }
    };
    for (const definition of parse(readFileSync(new URL(name, documents), "utf8")).definitions) {
      const root = definition.typeCondition ? schema.getType(definition.typeCondition.name.value) : schema.getQueryType();
      visit(definition.selectionSet.selections, root);
    }
  }
  assert.deepEqual(told, []);
});

test("every document that was sent is one of the gate's, or valid", () => {
  const own = new Set(readdirSync(documents).map((name) => readFileSync(new URL(name, documents), "utf8").trim()));
  const sent = new Set(asked.map(({ request }) => request.body.query.trim()));
  for (const text of sent) assert.deepEqual(validate(schema, parse(text)).map(({ message }) => message), [], text);
  assert.deepEqual([...own].filter((text) => !sent.has(text)), [], "documents that no story needs");
});

test("every question gives the variables that its document declares", () => {
  for (const { request, story } of asked) {
    const operation = parse(request.body.query).definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    const declared = new Map((operation.variableDefinitions ?? []).map((node) => [node.variable.name.value, node.type]));
    const given = request.body.variables ?? {};
    assert.deepEqual(Object.keys(given).filter((name) => !declared.has(name)), [], `${story}: not declared`);
    for (const [name, type] of declared) {
      const [value, isNeeded] = [given[name], type.kind === Kind.NON_NULL_TYPE];
      assert.ok(!isNeeded || (value !== null && value !== undefined), `${story}: $${name} is missing`);
      const word = (isNeeded ? type.type : type).name.value;
      if (isInputObjectType(schema.getType(word))) {
        const told = [];
        coerceInputValue(value, schema.getType(word), (path, _, error) => told.push(`${path.join("/")}: ${error.message}`));
        assert.deepEqual(told, [], `${story}: $${name}`);
        continue;
      }
      const kinds = { ID: "string", Int: "number", String: "string", Boolean: "boolean", GitObjectID: "string" };
      if (value !== null && value !== undefined) assert.equal(typeof value, kinds[word], `${story}: $${name}`);
    }
  }
});

const SCALARS = {
  Int: (value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31,
  Float: Number.isFinite,
  Boolean: (value) => typeof value === "boolean",
  String: (value) => typeof value === "string",
  ID: (value) => typeof value === "string",
  // A number beyond 53 bits would not survive JSON, so GitHub sends text.
  BigInt: (value) => typeof value === "string" && /^-?\d+$/.test(value),
  DateTime: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value),
  GitTimestamp: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.test(value),
  GitObjectID: (value) => /^[0-9a-f]{40}$/.test(value),
  URI: (value) => URL.canParse(value),
};

/** Walks an answer along its document. */
class Walk {
  constructor(text, variables, complaints, where) {
    const { definitions } = parse(text);
    this.fragments = new Map(definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).map((node) => [node.name.value, node]));
    this.operation = definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    Object.assign(this, { variables: variables ?? {}, complaints, where, values: 0 });
  }

  complain(path, problem) {
    this.complaints.add(`${this.operation.name?.value ?? "?"} ${path || "/"} ${problem}`, this.where);
  }

  isIncluded({ directives = [] }) {
    return directives.every(({ name, arguments: [{ value }] }) => {
      const holds = value.kind === Kind.VARIABLE ? this.variables[value.name.value] : value.value;
      return name.value === "include" ? holds === true : holds !== true;
    });
  }

  /** The fields that apply to an object of this type, by the key they are answered under. */
  fields(type, sets, found = new Map()) {
    for (const selection of sets.flatMap(({ selections }) => selections).filter((node) => this.isIncluded(node))) {
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        found.set(key, [...(found.get(key) ?? []), selection]);
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? this.fragments.get(selection.name.value) : selection;
      const on = fragment.typeCondition ? schema.getType(fragment.typeCondition.name.value) : type;
      const applies = on === type || (isAbstractType(on) && schema.isSubType(on, type));
      if (applies) this.fields(type, [fragment.selectionSet], found);
    }
    return found;
  }

  object(type, sets, value, path) {
    if (isAbstractType(type)) {
      const actual = value.__typename ? [schema.getType(value.__typename)] : schema.getPossibleTypes(type);
      if (!actual[0] || !schema.isSubType(type, actual[0])) return this.complain(path, `is no ${type.name}`);
      // Without a type name every kind that it may be has the same fields, or it would have been asked.
      type = actual[0];
    }
    const fields = this.fields(type, sets);
    for (const key of Object.keys(value)) if (!fields.has(key)) this.complain(`${path}/${key}`, "was not asked for");
    for (const [key, nodes] of fields) {
      const [{ name }] = nodes;
      if (!Object.hasOwn(value, key)) this.complain(`${path}/${key}`, "is missing");
      else if (name.value === "__typename") assert.equal(value[key], type.name, path);
      else this.value(type.getFields()[name.value].type, nodes, value[key], `${path}/${key}`);
    }
  }

  value(type, nodes, value, path) {
    this.values += 1;
    if (isNonNullType(type)) {
      if (value === null) return this.complain(path, "is null and must not be");
      type = type.ofType;
    }
    if (value === null) return;
    if (isListType(type)) {
      if (!Array.isArray(value)) return this.complain(path, "is no list");
      for (const item of value) this.value(type.ofType, nodes, item, `${path}/*`);
    } else if (isEnumType(type)) {
      if (!type.getValue(value)) this.complain(path, `is no ${type.name}: ${value}`);
    } else if (isLeafType(type)) {
      assert.ok(SCALARS[type.name], `say in SCALARS what a ${type.name} looks like`);
      if (!SCALARS[type.name](value)) this.complain(path, `is no ${type.name}: ${JSON.stringify(value)}`);
    } else if (typeof value !== "object" || Array.isArray(value)) {
      this.complain(path, "is no object");
    } else {
      this.object(type, nodes.map(({ selectionSet }) => selectionSet), value, path);
    }
  }
}

test("every answer fits the document it answers", () => {
  const complaints = new Complaints();
  let values = 0;
  for (const { request, reply, story } of asked.filter(({ reply }) => reply.status === 200)) {
    const { data, errors } = reply.body;
    assert.ok(data !== undefined || errors?.length > 0, `${story}: neither data nor errors`);
    for (const error of errors ?? []) assert.equal(typeof error.message, "string", story);
    assert.deepEqual(Object.keys(reply.body).filter((key) => !["data", "errors", "extensions"].includes(key)), [], story);
    if (data === undefined || data === null) continue;
    const walk = new Walk(request.body.query, request.body.variables, complaints, story);
    const root = walk.operation.operation === "mutation" ? schema.getMutationType() : schema.getQueryType();
    walk.object(root, [walk.operation.selectionSet], data, "");
    values += walk.values;
  }
  assert.ok(values > 1000, `only ${values} values were seen`);
  complaints.assertOnlyKnown("graphql answers");
});
