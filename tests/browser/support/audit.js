// Judges of documents that we did not write: html-validate, csp_evaluator, axe-core.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { HtmlValidate } from 'html-validate';

const require = createRequire(import.meta.url);
const { CspEvaluator } = require('csp_evaluator');
const { CspParser } = require('csp_evaluator/dist/parser.js');
const { Severity } = require('csp_evaluator/dist/finding.js');
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What a page may weigh. */
const LARGEST = 15 * 1024;

const markup = new HtmlValidate({
  root: true,
  extends: ['html-validate:recommended', 'html-validate:document'],
  rules: {
    // Ours are of the same origin, and their names are hashes of what they hold.
    'require-sri': ['error', { target: 'crossorigin' }],
    'require-csp-nonce': 'off',
    'no-inline-style': 'error',
  },
});

/** Judges a document of ours by its bytes and headers. */
export async function judge(document) {
  const at = `${document.title} (${document.status} ${document.url})`;
  assert.ok(document.html.length > 0, `${at} is empty`);
  const bytes = Buffer.byteLength(document.html);
  assert.ok(bytes <= LARGEST, `${at} weighs ${bytes} bytes`);

  const report = await markup.validateString(document.html);
  const errors = report.results.flatMap((result) => result.messages);
  const told = errors.map((e) => `${e.line}:${e.column} ${e.ruleId}: ${e.message}`);
  assert.deepEqual(told, [], `markup of ${at}`);

  const policy = document.header('content-security-policy');
  assert.ok(policy, `${at} has no policy`);
  const findings = new CspEvaluator(new CspParser(policy).csp).evaluate();
  const grave = findings.filter((finding) => finding.severity <= Severity.MEDIUM);
  const words = grave.map((finding) => `${finding.directive}: ${finding.description}`);
  assert.deepEqual(words, [], `policy of ${at}`);

  const expected = {
    'cache-control': 'no-store',
    'referrer-policy': 'strict-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(document.header(name), value, `${name} of ${at}`);
  }
}

/** Judges a cookie of ours. */
export function judgeCookie(cookie) {
  assert.match(cookie, /^__Host-/, 'the prefix that ties a cookie to its host');
  for (const attribute of ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']) {
    assert.ok(cookie.split('; ').includes(attribute), `${attribute} in ${cookie}`);
  }
}

/** What axe-core has to say against a page as it stands. */
export async function violations(page, scripted) {
  // Where scripts are off no timer fires, and axe-core waits for some.
  if (!scripted) await page.evaluate(fireAtOnce);
  await page.evaluate(axe);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
  const runOnly = { type: 'tag', values: tags };
  const result = await page.evaluate(
    (options) => window.axe.run(document, options),
    { runOnly, preload: false, resultTypes: ['violations'] },
  );
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(' ')} ${node.failureSummary}`),
  );
}

function fireAtOnce() {
  window.setTimeout = (then, _, ...words) => {
    Promise.resolve().then(() => then(...words));
    return 0;
  };
}
