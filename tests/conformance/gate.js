// A gate that only receives, and what it says about what it received.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE = 30_000;

/** `portcullis serve --workers 0` in a folder of its own; no forge is needed for receiving. */
export class Gate {
  static async start(appId) {
    const binary = process.env.PORTCULLIS_BIN;
    assert.ok(binary, "PORTCULLIS_BIN names the built binary; tests/conformance/run sets it");
    const gate = new Gate();
    gate.binary = binary;
    gate.folder = mkdtempSync(join(tmpdir(), "portcullis-conformance-"));
    gate.secret = randomBytes(32).toString("hex");
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const write = (name, text) => {
      writeFileSync(join(gate.folder, name), text, { mode: 0o600 });
      return join(gate.folder, name);
    };
    const options = {
      "--listen": "127.0.0.1:0",
      "--workers": "0",
      "--data": join(gate.folder, "data"),
      "--rules": new URL("../../rules.toml", import.meta.url).pathname,
      "--app-id": String(appId),
      "--private-key-file": write("key.pem", privateKey.export({ type: "pkcs8", format: "pem" })),
      "--webhook-secret-file": write("secret", gate.secret),
      "--api-url": "http://127.0.0.1:9",
      "--git-url": "http://127.0.0.1:9",
    };
    gate.process = spawn(binary, ["serve", "--log-json", ...Object.entries(options).flat()], { stdio: ["ignore", "pipe", "pipe"] });
    gate.log = "";
    await gate.#listening();
    return gate;
  }

  #listening() {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the gate did not start:\n${this.log}`)), PATIENCE);
      const read = (chunk) => {
        this.log += chunk;
        const found = /"address":"(127\.0\.0\.1:\d+)"/.exec(this.log);
        if (!found || this.url) return;
        this.url = `http://${found[1]}/webhooks/github`;
        clearTimeout(late);
        resolve();
      };
      this.process.stdout.on("data", read);
      this.process.stderr.on("data", read);
      this.process.on("exit", (code) => reject(new Error(`the gate ended with ${code}:\n${this.log}`)));
    });
  }

  /** Posts a payload as GitHub does; answers status and body. */
  async post(guid, event, payload) {
    const body = JSON.stringify(payload);
    const signature = createHmac("sha256", this.secret).update(body).digest("hex");
    const headers = {
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/0000000",
      "x-github-delivery": guid,
      "x-github-event": event,
      "x-github-hook-id": "1",
      "x-github-hook-installation-target-type": "integration",
      "x-hub-signature-256": `sha256=${signature}`,
    };
    const answer = await fetch(this.url, { method: "POST", headers, body });
    return { status: answer.status, body: await answer.json() };
  }

  /** What `portcullis deliveries --json` shows, by GUID. */
  deliveries() {
    const command = ["deliveries", "--json", "--limit", "10000", "--data", join(this.folder, "data")];
    const listed = JSON.parse(execFileSync(this.binary, command, { encoding: "utf8", maxBuffer: 1 << 26 }));
    return new Map(listed.map((delivery) => [delivery.guid, delivery]));
  }

  async stop() {
    this.process.removeAllListeners("exit");
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
