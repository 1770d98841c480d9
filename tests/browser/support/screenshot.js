// Pictures of a page as people see it, and what must hold in each.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { violations } from './audit.js';
import { root } from './stack.js';

export const DESKTOP = { width: 1280, height: 800 };

export const VIEWS = [
  { name: 'desktop-light', viewport: DESKTOP, colorScheme: 'light', judged: true },
  { name: 'desktop-dark', viewport: DESKTOP, colorScheme: 'dark', judged: true },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'light', judged: false },
  // WCAG 2.2 §1.4.10: nothing is lost, and nothing scrolls sideways, at 320 CSS pixels.
  { name: 'narrow', viewport: { width: 320, height: 568 }, colorScheme: 'dark', judged: true },
];

const folder = join(root, 'artifacts/screenshots');

/** Keeps pictures of a page, and lets axe-core judge it in each of its colours. */
export async function look(page, name, scripted = true) {
  await mkdir(folder, { recursive: true });
  await page.waitForLoadState('load');
  for (const { name: view, viewport, colorScheme, judged } of VIEWS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const path = join(folder, `${name}-${view}.png`);
    await page.screenshot({ path, fullPage: true, animations: 'disabled', caret: 'hide' });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= viewport.width, `${name} is ${width} wide in ${view}`);
    if (judged) {
      const told = await violations(page, scripted);
      assert.deepEqual(told, [], `axe-core on ${name} in ${view}`);
    }
  }
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: 'light' });
}
