// Somebody is disabled in Entra, by a button of the simulated portal, and loses their access here.

import assert from 'node:assert/strict';

import { administer, consent, everybodyIsRead, openConnection } from './support/connection.js';
import { Passkeys } from './support/passkeys.js';
import { stories } from './support/story.js';

const ADA = 'ada@contoso.test';
/** Within how many seconds access ends, and comes back: long before a round of reading. */
const SECONDS = 10;

const story = stories();
const passkeys = new Passkeys();

/** Somebody on the page where the tenant's people are. */
const person = (tab, upn) => tab.page.locator(`li[data-user="${upn}"]`);

/** Presses a button of the simulated portal beside Ada. */
async function press(tab, button, state) {
  await tab.page.goto(`${tab.stack.ready.entra_url}/provisioning`);
  await tab.sees('Provisioning');
  await person(tab, ADA).getByRole('button', { name: `${button} of ${ADA}` }).click();
  await person(tab, ADA).getByText(`${state},`).waitFor();
}

/** Starts at the portal: whether that leads there and back without a question. */
async function isSilent(tab) {
  const { page, stack } = tab;
  await tab.start(ADA);
  const asked = page.getByRole('button', { name: 'Sign in with a passkey' });
  await page.getByTestId('upn').or(asked).first().waitFor({ timeout: 15_000 });
  return page.url().startsWith(stack.portalUrl);
}

/** Uses the passkey: whether that leads to the portal. */
async function isLetIn(tab) {
  const { page, stack } = tab;
  await tab.start(ADA);
  await tab.signIn();
  const refused = page.getByRole('heading', { level: 1, name: 'Your account is turned off' });
  await page.getByTestId('upn').or(refused).first().waitFor({ timeout: 15_000 });
  return page.url().startsWith(stack.portalUrl);
}

/** Tries until it is so, and fails where that takes too long. */
async function within(seconds, what, isSo) {
  const end = Date.now() + seconds * 1000;
  while (!(await isSo())) assert.ok(Date.now() < end, `${what} within ${seconds} seconds`);
}

story('whoever is disabled on the simulated portal loses their open session within seconds, and has access again once enabled', async (visitor) => {
  const { tab, stack } = visitor;
  // What Entra's provisioning would say a little later is not what this is about.
  await stack.simulate('provisioning', undefined, 'DELETE');
  await administer(tab);
  await openConnection(tab);
  await consent(tab, 'read-users');
  await everybodyIsRead(tab);

  const ada = await visitor.somebodyElse();
  await passkeys.give(visitor, ADA, ada.tab);
  await ada.tab.start(ADA);
  await ada.tab.signIn();
  await ada.tab.arrives(ADA);
  assert.ok(await isSilent(ada.tab), 'her session is open');

  await press(tab, 'Block sign-in', 'blocked');
  await tab.look('simulated-portal-blocked');
  await within(SECONDS, 'her session ends', async () => !(await isSilent(ada.tab)));
  const answers = ada.watch.answers().length;
  await ada.tab.signIn();
  await ada.tab.sees('Your account is turned off');
  await ada.tab.look('leaver-refused');
  assert.equal(ada.watch.answers().length, answers, 'Microsoft was told nothing');
  const { notified } = await stack.simulated('graph');
  const told = notified.filter(([url, status]) => url.startsWith(stack.ready.base_url) && status === 202);
  assert.ok(told.length > 0, 'a notice told of it');

  await openConnection(tab);
  await tab.page.locator('#state').getByText('Connected.').waitFor();
  await press(tab, 'Allow sign-in', 'enabled');
  await within(SECONDS, 'access is back', () => isLetIn(ada.tab));
  await ada.tab.arrives(ADA);
});
