// The local stack, as `cargo run -p local` starts it, with a folder and ports of its own.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const root = resolve(import.meta.dirname, '../../..');

/** How long the stack may take until it is ready, and a mail until it is there. */
const PATIENCE = 60_000;

export class Stack {
  /** Starts what was built: `cargo build --workspace` comes first. */
  static async start() {
    const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
    const program = join(target, 'debug/local');
    if (!existsSync(program)) {
      throw new Error(`${program} is missing: run cargo build --workspace --all-targets first`);
    }
    const folder = await mkdtemp(join(tmpdir(), 'passerelle-browser-'));
    const words = ['--json', '--quiet', '--no-build', '--fresh', '--port', '0', '--data', folder];
    const child = spawn(program, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = [];
    child.stderr.on('data', (chunk) => said.push(chunk));
    const ended = new Promise((done) => child.once('exit', done));
    const line = await Promise.race([
      new Promise((done) => createInterface(child.stdout).once('line', done)),
      ended.then(() => null),
      later(PATIENCE),
    ]);
    if (!line) {
      child.kill('SIGKILL');
      throw new Error(`the local stack did not start: ${Buffer.concat(said)}`);
    }
    return new Stack(JSON.parse(line), { child, ended, folder, said });
  }

  #process;

  constructor(ready, process) {
    /** The line of `--json`. */
    this.ready = ready;
    this.#process = process;
  }

  async stop() {
    const { child, ended, folder } = this.#process;
    child.kill('SIGTERM');
    await Promise.race([ended, later(10_000)]);
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }

  /** What the stack and its functions complained about. */
  complaints() {
    return Buffer.concat(this.#process.said).toString();
  }

  /** The portal's end page is at a name of its own, on the port of the simulated Entra. */
  get portalUrl() {
    return `http://portal.localhost:${new URL(this.ready.entra_url).port}`;
  }

  /** Everything that was mailed to an address, newest first. */
  async mails(address) {
    const answer = await fetch(`${this.ready.outbox_url}/outbox.json`);
    const all = await answer.json();
    return all.filter((mail) => mail.to === address);
  }

  /** The six digits of the newest mail to an address, once there are `count` mails. */
  async code(address, count = 1) {
    const [newest] = await this.#until(async () => {
      const mails = await this.mails(address);
      return mails.length >= count && mails;
    }, `mail ${count} to ${address}`);
    return { digits: newest.text.match(/\b\d{6}\b|\b\d{3} \d{3}\b/)[0].replace(' ', ''), mail: newest };
  }

  /** Waits for something that happens beside the browser. */
  async #until(look, what) {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await later(50)) {
      const found = await look();
      if (found) return found;
    }
    throw new Error(`no ${what}; the stack says: ${this.complaints()}`);
  }

  /** Invokes a function as `aws lambda invoke` does. */
  async invoke(name, payload) {
    const path = `/2015-03-31/functions/${name}/invocations`;
    const body = JSON.stringify(payload);
    const answer = await fetch(this.ready.lambda_endpoint + path, { method: 'POST', body });
    const value = await answer.json();
    if (answer.headers.has('x-amz-function-error')) throw new Error(JSON.stringify(value));
    return value;
  }

  /** A one-time enrolment link for a person. */
  async invite(email) {
    const { domain } = this.ready;
    const payload = { action: 'invite', domain, email };
    const { enrolment_url: url } = await this.invoke('OperatorFunction', payload);
    return url;
  }

  /** What the simulated Entra noted, oldest first. */
  async journal() {
    const answer = await fetch(`${this.ready.entra_url}/_sim/log`);
    return (await answer.json()).entries;
  }

  /** Tells the simulated Entra how to behave. */
  async simulate(what, body, method = 'PUT') {
    const answer = await fetch(`${this.ready.entra_url}/_sim/${what}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
  }

  /** How the simulated Entra behaves, and what came of it. */
  async simulated(what) {
    return (await fetch(`${this.ready.entra_url}/_sim/${what}`)).json();
  }

  /** Sets the clock of the simulated Entra. */
  async turnEntraClock(seconds) {
    await this.simulate('clock', { offset_seconds: seconds });
  }

  /** Takes somebody's access away, as an administrator would. */
  async disable(email) {
    const { domain } = this.ready;
    await this.invoke('OperatorFunction', { action: 'block', domain, email });
  }
}

function later(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds).unref());
}
