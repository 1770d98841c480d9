// A new administrator connects the organization to its Entra tenant, sees who cannot sign in yet, and
// makes somebody who can.

import assert from 'node:assert/strict';

import { ADMIN, administer, consent, everybodyIsRead, openConnection } from './support/connection.js';
import { stories } from './support/story.js';

const LISE = 'lise@contoso.test';
const PERSONAL = 'lise@personal.test';

const story = stories();

/** A term of the page, and what it says there. */
const said = (tab, term) => tab.page.locator(`dt:text-is("${term}") + dd`).first().innerText();

/** How many people an obstacle stands before. */
const before = async (tab, obstacle) =>
  Number(await tab.page.locator(`#${obstacle} .badge`).innerText());

/** Sees how far the reading has come, and that it is not over. */
async function watchTheReading(tab) {
  const { page } = tab;
  const progress = page.locator('#reading progress');
  await progress.waitFor({ timeout: 15_000 });
  const [read, all] = [await progress.getAttribute('value'), await progress.getAttribute('max')];
  assert.ok(Number(read) > 0 && Number(read) < Number(all), `${read} of ${all}`);
  assert.equal(await said(tab, 'Users told of'), `${read} / ${all}`);
  assert.equal(await page.getByText('Last read', { exact: true }).count(), 0);
}

story('the tenant is connected, its reading is watched, its page tells who cannot sign in yet, and whoever is made here signs in', async (visitor) => {
  const { tab, stack } = visitor;
  const { page } = tab;
  await administer(tab);

  await openConnection(tab);
  await tab.look('connection-none');
  // Few people on a page, and a Graph that asks for time before the third one: there is something to watch.
  await stack.simulate('graph', { page_size: 3 });
  const busy = { fault: { throttled: { retry_after: 8 } }, path: '/users/delta', skip: 2 };
  await stack.simulate('graph/faults', [busy]);
  await consent(tab, 'read-users');
  await page.locator('#state').getByText('Connected.').waitFor({ timeout: 15_000 });
  await watchTheReading(tab);

  // The page comes again by itself until everybody is read.
  await everybodyIsRead(tab);
  await stack.simulate('graph', {});
  assert.equal(await page.locator('#reading progress').count(), 0);
  assert.match(await said(tab, 'Users told of'), /^(\d+) \/ \1$/);
  await tab.look('connection');

  await tab.follow('See how they stand');
  await tab.sees('How your domains are federated');
  await page.getByRole('link', { name: 'Look with your rights: Only what is needed' }).press('Enter');
  await tab.sees('Pick an account');
  await page.locator(`button[data-account="${ADMIN}"]`).click();
  await tab.sees('How your domains are federated');
  await page.getByText('as we publish it', { exact: true }).waitFor();
  await tab.look('federation');
  await tab.follow('Connection to Microsoft Entra');

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

  await openConnection(tab);
  await consent(tab, 'write-users');
  const { domain } = stack.ready;
  const operate = (action, fields) => stack.invoke('OperatorFunction', { action, domain, ...fields });
  assert.deepEqual((await operate('set_mode', { mode: 'cloud', confirm: true })).missing, []);
  const made = await operate('create_user', {
    given_name: 'Lise',
    surname: 'Meitner',
    user_name: LISE,
    personal_email: PERSONAL,
  });
  assert.equal(made.status, 'pending');
  await page.reload();
  const waiting = () => said(tab, 'Waiting to be made in Entra');
  for (let looks = 0; (await waiting()) !== '0'; looks += 1) {
    assert.ok(looks < 30, 'Lise is made in Entra');
    await page.waitForTimeout(500);
    await page.reload();
  }
  await tab.look('connection-cloud');

  const { tab: theirs } = await visitor.somebodyElse();
  await theirs.start(LISE);
  await theirs.enrol(LISE, PERSONAL);
  await theirs.arrives(LISE);
});
