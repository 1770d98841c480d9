// A new administrator connects the organization to its Entra tenant and sees who cannot sign in yet.

import assert from 'node:assert/strict';

import { stories } from './support/story.js';

const ADMIN = 'admin@contoso.test';

const story = stories();

/** A term of the page, and what it says there. */
const said = (tab, term) => tab.page.locator(`dt:text-is("${term}") + dd`).first().innerText();

/** How many people an obstacle stands before. */
const before = async (tab, obstacle) =>
  Number(await tab.page.locator(`#${obstacle} .badge`).innerText());

story('the tenant is connected and read, and its page tells who cannot sign in yet', async (visitor) => {
  const { tab, stack } = visitor;
  const { page } = tab;
  await page.goto(stack.ready.bootstrap_url);
  await tab.press('Begin');
  await tab.register();

  await page.goto(stack.ready.connect_url);
  await tab.sees('Connection to Microsoft Entra');
  await tab.look('connection-none');
  await page.getByRole('link', { name: 'Consent at Microsoft' }).first().click();
  await tab.sees('Permissions requested');
  await page.locator(`button[data-account="${ADMIN}"]`).click();
  await tab.sees('Pick an account');
  await page.locator(`button[data-account="${ADMIN}"]`).click();
  await tab.sees('Connection to Microsoft Entra');
  await page.locator('#state').getByText('Connected.').waitFor({ timeout: 15_000 });

  // The page comes again by itself until everybody is read.
  await page.getByText('Last read', { exact: true }).waitFor({ timeout: 30_000 });
  assert.match(await said(tab, 'Users told of'), /^(\d+) \/ \1$/);
  await tab.look('connection');

  await tab.follow('Who cannot sign in yet');
  await tab.sees('Who cannot sign in yet');
  // Whoever was read was looked at too.
  await page.locator('#found').waitFor({ timeout: 30_000 });
  const first = await page.locator('#found time').getAttribute('datetime');
  await tab.press('Look again');
  await page.locator(`#found time:not([datetime="${first}"])`).waitFor({ timeout: 30_000 });
  await tab.look('preflight');
  assert.equal(await before(tab, 'blocked'), 1);
  assert.equal(await before(tab, 'outside-domain'), 1);
  assert.ok((await before(tab, 'no-anchor')) >= 1);
  assert.equal(await before(tab, 'no-claim'), 1);

  await page.getByRole('link', { name: 'Show who: No personal address' }).press('Enter');
  await tab.sees('No personal address 1');
  await page.getByRole('cell', { name: 'noclaim@contoso.test' }).waitFor();
  await tab.look('preflight-list');
  await tab.follow('Who cannot sign in yet');

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'CSV', exact: true }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'users.csv');
  const text = await (await fetch(download.url())).text();
  assert.match(text, /^\ufeff?obstacle,user_name,/);
  assert.ok(text.includes('no-claim,noclaim@contoso.test,Nora Klein,'));
});
