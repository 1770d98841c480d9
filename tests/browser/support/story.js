// A file of stories: one stack, one browser, a fresh visitor for each story.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { judge, judgeCookie } from './audit.js';
import { launch } from './chromium.js';
import { DESKTOP } from './screenshot.js';
import { Stack } from './stack.js';
import { Tab } from './tab.js';
import { Watch } from './watch.js';

/** Declares the stories of a file; each is told by `story(name, [options], tell)`. */
export function stories() {
  let stack;
  let browser;
  before(async () => {
    browser = await launch();
    stack = await Stack.start();
  });
  after(async () => {
    await browser?.close();
    await stack?.stop();
  });
  return (name, ...rest) => {
    const tell = rest.pop();
    const [options = {}] = rest;
    test(name, { timeout: 120_000 }, async () => {
      const visitor = await Visitor.come(browser, stack, options);
      try {
        await tell(visitor);
        await visitor.check();
      } finally {
        await visitor.leave();
      }
    });
  };
}

/** A person with a browser of their own. */
class Visitor {
  static async come(browser, stack, options) {
    const given = { viewport: DESKTOP, locale: 'en-GB', ...options };
    const context = await browser.newContext(given);
    const watch = new Watch(stack);
    const visitor = new Visitor(browser, context, stack, watch, options);
    visitor.tab = await visitor.open();
    return visitor;
  }

  #browser;
  #others = [];

  constructor(browser, context, stack, watch, options) {
    this.#browser = browser;
    Object.assign(this, { context, stack, watch, options });
  }

  /** Another tab of the same browser. */
  open() {
    const { javaScriptEnabled = true } = this.options;
    return Tab.open(this.context, this.stack, this.watch, javaScriptEnabled);
  }

  /** Somebody else, with a browser of their own. */
  async somebodyElse(options = {}) {
    const other = await Visitor.come(this.#browser, this.stack, options);
    this.#others.push(other);
    return other;
  }

  /** What must hold of every page and every request, whatever the story. */
  async check() {
    const { watch } = this;
    assert.deepEqual(watch.complaints, [], 'the console is silent');
    assert.deepEqual(watch.strangers(), [], 'nobody else is asked');
    assert.ok(watch.documents.length > 0, 'pages were seen');
    for (const document of watch.documents) await judge(document);
    for (const cookie of await watch.cookies()) judgeCookie(cookie);
    for (const other of this.#others) await other.check();
  }

  async leave() {
    for (const other of this.#others) await other.leave();
    await this.context.close();
  }
}
