// Every page that there is, whether or not a story comes by it: each trouble, each shape, each
// language.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { judge, violations } from './support/audit.js';
import { launch } from './support/chromium.js';
import { Gallery } from './support/gallery.js';
import { VIEWS } from './support/screenshot.js';
import { Document } from './support/watch.js';

/** Tabs that share the pages. */
const TABS = 3;

let gallery;
let browser;
before(async () => {
  [gallery, browser] = await Promise.all([Gallery.start(), launch()]);
});
after(async () => {
  await browser?.close();
  gallery?.stop();
});

test('every page in every language is sound in its markup, its weight and its headers', async () => {
  const languages = new Set(gallery.pages.map(({ language }) => language));
  assert.deepEqual([...languages].sort(), ['de', 'en', 'es', 'fr']);
  for (const { url } of gallery.pages) {
    const answer = await fetch(url);
    const headers = [...answer.headers].map(([name, value]) => ({ name, value }));
    await judge(new Document(url, answer.status, headers, await answer.text()));
  }
});

test('axe-core finds nothing on any page, light or dark, on a desk or on a phone', async () => {
  const english = gallery.pages.filter(({ language }) => language === 'en');
  const troubles = english.filter(({ name }) => name.startsWith('trouble-'));
  assert.ok(troubles.length > 10, `${troubles.length} troubles`);
  assert.ok(english.length - troubles.length > 10, `${english.length} pages`);
  await shared(english, async (page, { name, url }) => {
    await page.goto(url);
    for (const view of VIEWS) {
      await fits(page, name, view);
      const told = await violations(page, true);
      assert.deepEqual(told, [], `axe-core on ${name} in ${view.name}`);
    }
  });
});

test('no word of any other language is too long for the narrowest screen', async () => {
  const narrow = VIEWS.find(({ name }) => name === 'narrow');
  const others = gallery.pages.filter(({ language }) => language !== 'en');
  await shared(others, async (page, { language, name, url }) => {
    await page.goto(url);
    await fits(page, `${name} in ${language}`, narrow);
  });
});

/** Shows each page in one of a few tabs. */
async function shared(pages, look) {
  const left = [...pages];
  const work = async () => {
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    // The page that posts itself must stay.
    await context.route('**/assets/post*', (route) => route.abort());
    const page = await context.newPage();
    for (let next = left.shift(); next; next = left.shift()) await look(page, next);
    await context.close();
  };
  await Promise.all(Array.from({ length: TABS }, work));
}

/** Asserts that nothing scrolls sideways. */
async function fits(page, name, { name: view, viewport, colorScheme }) {
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= viewport.width, `${name} is ${width} wide in ${view}`);
}
