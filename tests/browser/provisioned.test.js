// Somebody whom Entra provisions: no hand but Entra's makes them, changes them or turns them away.

import assert from 'node:assert/strict';

import { stories } from './support/story.js';

const JOAN = 'joan@contoso.test';
const PERSONAL = 'joan@personal.test';

const story = stories();

/** Somebody on the page of the provisioning job. */
const person = (tab, upn) => tab.page.locator(`li[data-user="${upn}"]`);

async function provisioning(tab) {
  await tab.page.goto(`${tab.stack.ready.entra_url}/provisioning`);
  await tab.sees('Provisioning');
}

async function cycle(tab) {
  await provisioning(tab);
  await tab.press('Run a cycle');
  await tab.sees('Provisioning');
}

story('whom Entra provisions enrols and signs in, and cannot once Entra blocks them', async (visitor) => {
  const { tab, watch } = visitor;
  await cycle(tab);
  await person(tab, JOAN).getByText('provisioned as').waitFor();
  assert.equal(await tab.page.getByTestId('health').innerText(), 'healthy');
  assert.equal(await tab.page.getByTestId('failing').count(), 0, 'Entra had nothing to complain about');
  await tab.look('provisioning');

  await tab.start(JOAN);
  await tab.enrol(JOAN, PERSONAL);
  await tab.arrives(JOAN);
  const answers = watch.answers().length;

  await provisioning(tab);
  await person(tab, JOAN).getByRole('button', { name: `Block sign-in of ${JOAN}` }).click();
  await cycle(tab);
  await person(tab, JOAN).getByText('blocked, provisioned as').waitFor();
  await tab.start(JOAN);
  await tab.signIn();
  await tab.sees('Your account is turned off');
  assert.equal(watch.answers().length, answers, 'Microsoft was told nothing');

  await provisioning(tab);
  await person(tab, JOAN).getByRole('button', { name: `Allow sign-in of ${JOAN}` }).click();
  await cycle(tab);
  await tab.start(JOAN);
  await tab.signIn();
  await tab.arrives(JOAN);
});
