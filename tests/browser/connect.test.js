// A new administrator connects the organization to its Entra tenant, sees who cannot sign in yet, and
// makes somebody who can.

import assert from 'node:assert/strict';

import { stories } from './support/story.js';

const ADMIN = 'admin@contoso.test';
const LISE = 'lise@contoso.test';
const PERSONAL = 'lise@personal.test';

const story = stories();

/** A term of the page, and what it says there. */
const said = (tab, term) => tab.page.locator(`dt:text-is("${term}") + dd`).first().innerText();

/** How many people an obstacle stands before. */
const before = async (tab, obstacle) =>
  Number(await tab.page.locator(`#${obstacle} .badge`).innerText());

/** Consents at Microsoft to what a link of the page asks for, and comes back. */
async function consent(tab, feature) {
  const { page } = tab;
  await page.locator(`a[href*="/start/${feature}/"]`).first().click();
  for (const heading of ['Permissions requested', 'Pick an account']) {
    await tab.sees(heading);
    await page.locator(`button[data-account="${ADMIN}"]`).click();
  }
  await tab.sees('Connection to Microsoft Entra');
}

story('the tenant is connected and read, its page tells who cannot sign in yet, and whoever is made here signs in', async (visitor) => {
  const { tab, stack } = visitor;
  const { page } = tab;
  await page.goto(stack.ready.bootstrap_url);
  await tab.press('Begin');
  await tab.register();

  await page.goto(stack.ready.connect_url);
  await tab.sees('Connection to Microsoft Entra');
  await tab.look('connection-none');
  await consent(tab, 'read-users');
  await page.locator('#state').getByText('Connected.').waitFor({ timeout: 15_000 });

  // The page comes again by itself until everybody is read.
  await page.getByText('Last read', { exact: true }).waitFor({ timeout: 30_000 });
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

  await page.goto(stack.ready.connect_url);
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
