// What a page must do for people whose browser is not the usual one, and the pages that no story
// of a sign-in shows.

import assert from 'node:assert/strict';

import { Passkeys } from './support/passkeys.js';
import { stories } from './support/story.js';

const ADA = 'ada@contoso.test';

const story = stories();
const passkeys = new Passkeys();

story('a German browser sees German, and so does the mail', { locale: 'de-DE' }, async (visitor) => {
  const { tab, stack } = visitor;
  const { page } = tab;
  await tab.start('alan@contoso.test');
  await tab.sees('Anmelden');
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await tab.look('sign-in-german');
  await tab.follow('Passkey einrichten');
  await tab.sees('Passkey einrichten');
  await tab.press('Code senden');
  await tab.sees('Code eingeben');
  const { digits, mail } = await stack.code('alan@personal.test');
  assert.match(mail.text, /Der Code gilt 10 Minuten/);
  await page.getByLabel('Sechsstelliger Code').fill(digits);
  await tab.press('Weiter');
  await tab.sees('Passkey erstellen');
  await tab.press('Passkey erstellen');
  await page.getByText('Ihr Passkey ist bereit.').waitFor();
  await tab.look('recovery-german');
  await tab.follow('Ich habe ihn aufbewahrt, weiter');
  await tab.arrives('alan@contoso.test');
});

story('without scripts a page says what to do', { javaScriptEnabled: false }, async ({ tab }) => {
  await tab.start(ADA);
  await tab.sees('Sign in');
  const notice = tab.page.locator('noscript p');
  assert.ok(await notice.isVisible());
  assert.match(await notice.innerText(), /^A passkey needs scripts, and they are turned off here\./);
  assert.equal(await tab.page.getByRole('button').count(), 0, 'no button that does nothing');
  await tab.look('sign-in-without-script');
  await tab.follow('Set up a passkey');
  await tab.press('Send the code');
  await tab.sees('Enter the code');
});

story('without scripts a session still signs in, by one press', async (visitor) => {
  await passkeys.give(visitor, ADA);
  await visitor.tab.start(ADA);
  await visitor.tab.signIn();
  await visitor.tab.arrives(ADA);

  const storageState = await visitor.context.storageState();
  const { tab } = await visitor.somebodyElse({ javaScriptEnabled: false, storageState });
  await tab.start(ADA);
  await tab.sees('One moment…');
  await tab.look('auto-post');
  await tab.press('Continue');
  await tab.arrives(ADA);
});

story('the certificate page, a plain sign-out and a wrong address are pages too', async (visitor) => {
  const { tab, stack } = visitor;
  const { issuer_uri: issuer, base_url: site } = stack.ready;
  const pages = [
    [`${issuer}/certificate`, 'Signing certificates', 'certificate', 200],
    [`${issuer}/slo`, 'You are signed out', 'signed-out', 200],
    [`${site}/nothing`, 'There is nothing here', 'problem-not-found', 404],
    [`${issuer}/sso?SAMLRequest=nonsense`, 'This request cannot be answered', 'problem-request', 400],
  ];
  for (const [url, heading, name, status] of pages) {
    const answer = await tab.page.goto(url);
    assert.equal(answer.status(), status, url);
    await tab.sees(heading);
    await tab.look(name);
  }
});

story('the recovery code can be copied', async (visitor) => {
  const { tab, stack, context } = visitor;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await tab.page.goto(await stack.invite('grace@contoso.test'));
  await tab.press('Begin');
  const code = await tab.register();
  await tab.press('Copy');
  await tab.page.getByRole('status').filter({ hasText: 'Copied.' }).waitFor();
  await tab.page.goto(stack.ready.entra_url);
  await tab.page.getByLabel('Work address').press('Control+V');
  assert.equal(await tab.page.getByLabel('Work address').inputValue(), code);
});
