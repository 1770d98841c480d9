// Every page of ours with sample values, as `cargo run -p web --example gallery` serves them.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join, resolve } from 'node:path';

import { root } from './stack.js';

export class Gallery {
  /** Starts what was built. */
  static async start() {
    const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
    const program = join(target, 'debug/examples/gallery');
    if (!existsSync(program)) {
      throw new Error(`${program} is missing: run cargo build --workspace --all-targets first`);
    }
    const child = spawn(program, ['0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await new Promise((found, missed) => {
      createInterface(child.stdout).once('line', found);
      child.once('exit', (code) => missed(new Error(`the gallery ended with ${code}`)));
    });
    const index = await (await fetch(url)).text();
    const paths = [...index.matchAll(/href='\/([a-z]+)\/([\w-]+)'/g)];
    const pages = paths.map(([, language, name]) => ({
      language,
      name,
      url: new URL(`/${language}/${name}`, url).href,
    }));
    return new Gallery(child, pages);
  }

  #child;

  constructor(child, pages) {
    /** Each page in each language. */
    this.pages = pages;
    this.#child = child;
  }

  stop() {
    this.#child.kill();
  }
}
