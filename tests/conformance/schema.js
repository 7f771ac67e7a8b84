// JSON Schema as OpenAPI 3.0 and 3.1 write it, compiled once, with one thing added: fields that a schema does not
// know are complained of, for a misspelt optional field fits every schema.

import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const MOST_DEPTH = 60;

/** OpenAPI 3.0 says `nullable`; JSON Schema says so by type. Changes the document in place. */
export function withoutNullable(node) {
  if (Array.isArray(node)) return node.map(withoutNullable);
  if (node === null || typeof node !== "object") return node;
  const changed = {};
  for (const [key, value] of Object.entries(node)) {
    // Examples are data, whatever they look like.
    changed[key] = key === "example" || key === "examples" || key === "enum" ? value : withoutNullable(value);
  }
  if (changed.nullable !== true) return changed;
  delete changed.nullable;
  return { anyOf: [changed, { type: "null" }] };
}

/** A description whose schemas can be reached by JSON pointer. */
export class Description {
  #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true, logger: false });
  #compiled = new Map();

  constructor(document) {
    this.document = document;
    addFormats(this.#ajv);
    this.#ajv.addFormat("repo.nwo", /^[^/]+\/[^/]+$/);
    this.#ajv.addFormat("int64", true);
    this.#ajv.addSchema({ $id: "github", ...document });
  }

  /** What is wrong with a value, one text each, places without their indices. */
  complaints(pointer, value) {
    if (!this.#compiled.has(pointer)) this.#compiled.set(pointer, this.#ajv.compile({ $ref: `github${pointer}` }));
    const validate = this.#compiled.get(pointer);
    const told = [];
    if (!validate(value)) {
      for (const error of validate.errors) {
        const detail = error.params?.allowedValues ? ` (${error.params.allowedValues.join(", ")})` : "";
        told.push(`${place(error.instancePath)} ${error.message}${detail}`);
      }
    }
    for (const path of this.#unknown([{ $ref: pointer }], value, "", 0)) told.push(`${place(path)} is not known`);
    return [...new Set(told)];
  }

  #resolve(schema) {
    let found = schema;
    while (found?.$ref) {
      const parts = found.$ref.replace(/^#\//, "").split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
      found = parts.reduce((at, part) => at?.[part], this.document);
    }
    return found ?? {};
  }

  /** All the schemas that speak about one value: those it is composed of, too. */
  #facets(schemas) {
    const facets = [];
    const todo = [...schemas];
    while (todo.length > 0) {
      const schema = this.#resolve(todo.pop());
      facets.push(schema);
      for (const key of ["allOf", "anyOf", "oneOf"]) todo.push(...(schema[key] ?? []));
    }
    return facets;
  }

  #unknown(schemas, value, path, depth) {
    if (value === null || typeof value !== "object" || depth > MOST_DEPTH) return [];
    const facets = this.#facets(schemas);
    if (Array.isArray(value)) {
      const items = facets.flatMap((facet) => (facet.items ? [facet.items] : []));
      return value.flatMap((item, index) => this.#unknown(items, item, `${path}/${index}`, depth + 1));
    }
    const named = facets.filter((facet) => facet.properties);
    const open = facets.map((facet) => facet.additionalProperties).filter((more) => more && typeof more === "object");
    // An object of which nothing is said may hold anything.
    if (named.length === 0 && open.length === 0) return [];
    return Object.entries(value).flatMap(([key, child]) => {
      const told = named.flatMap((facet) => (Object.hasOwn(facet.properties, key) ? [facet.properties[key]] : []));
      const next = told.length > 0 ? told : open;
      return next.length > 0 ? this.#unknown(next, child, `${path}/${key}`, depth + 1) : [`${path}/${key}`];
    });
  }
}

/** A place without indices: the same complaint about each item of a list is one complaint. */
function place(path) {
  return path.replaceAll(/\/\d+(?=\/|$)/g, "/*") || "/";
}
